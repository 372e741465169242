namespace Tunnel.TestUtilities.Wire;

/// <summary>Frame types, copied from protocol.md section 3.</summary>
public static class FrameTypes
{
    public const byte Open = 0x01;
    public const byte Data = 0x02;
    public const byte Close = 0x03;
    public const byte DataBack = 0x04;
    public const byte CloseBack = 0x05;
    public const byte Config = 0x06;
    public const byte Ping = 0x07;
    public const byte Pong = 0x08;
    public const byte WindowUpdate = 0x09;
    public const byte WindowUpdateBack = 0x0A;
    public const byte UdpOpen = 0x0B;
    public const byte UdpData = 0x0C;
    public const byte UdpDataBack = 0x0D;
    public const byte Reset = 0x0F;
    public const byte Hello = 0x20;
    public const byte Report = 0x21;
    public const byte GoAway = 0x22;
    public const byte Probe = 0x25;
}
