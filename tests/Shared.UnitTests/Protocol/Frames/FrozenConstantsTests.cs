using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Shared.UnitTests.Protocol.Frames;

/// <summary>The values on the wire are these literals from protocol.md: a change here breaks every peer.</summary>
public class FrozenConstantsTests
{
    [Fact]
    public void Frame_types() => Assert.Equal(
        [
            ("Open", 0x01), ("Data", 0x02), ("Close", 0x03), ("DataBack", 0x04), ("CloseBack", 0x05), ("Config", 0x06), ("Ping", 0x07),
            ("Pong", 0x08), ("WindowUpdate", 0x09), ("WindowUpdateBack", 0x0A), ("UdpOpen", 0x0B), ("UdpData", 0x0C), ("UdpDataBack", 0x0D),
            ("UdpClose", 0x0E), ("Reset", 0x0F), ("Hello", 0x20), ("Report", 0x21), ("GoAway", 0x22), ("Resume", 0x23),
            ("Ack", 0x24), ("Probe", 0x25),
        ],
        Enum.GetValues<FrameType>().Select(type => (type.ToString(), (int)type)));

    [Fact]
    public void Reset_reasons() => Assert.Equal(
        [
            ("Unspecified", 0), ("ResetByPeer", 1), ("Refused", 2), ("Unreachable", 3), ("ConnectTimeout", 4), ("IdleTimeout", 5),
            ("Policy", 6),
            ("Memory", 7), ("Protocol", 8), ("ShuttingDown", 9), ("Overloaded", 10), ("NotOpened", 11),
        ],
        Enum.GetValues<ResetReason>().Select(reason => (reason.ToString(), (int)reason)));

    [Fact]
    public void Limits()
    {
        Assert.Equal(1_048_576, FrameRules.BaseMaxData);
        Assert.Equal(4_194_304, FrameRules.MaxConfig);
        Assert.Equal(65_536, FrameRules.MaxControlJson);
        Assert.Equal(65_507, FrameRules.MaxDatagram);
        Assert.Equal(0x20, FrameRules.FirstSkippableType);
        Assert.Equal(9, FrameHeader.Size);
    }

    [Theory]
    [InlineData(TunnelFeatures.None, "")]
    [InlineData(TunnelFeatures.Reset, "reset")]
    [InlineData(TunnelFeatures.GoAway, "goaway")]
    [InlineData(TunnelFeatures.Port, "port")]
    [InlineData(TunnelFeatures.Lanes, "lanes")]
    [InlineData(TunnelFeatures.Probe, "probe")]
    [InlineData(TunnelFeatures.MessagePack, "msgpack")]
    [InlineData(TunnelFeatures.Resume, "resume")]
    [InlineData(TunnelFeatures.Move, "move")]
    [InlineData(TunnelFeatures.MoveAgain, "moveAgain")]
    [InlineData(TunnelFeatures.Reset | TunnelFeatures.GoAway | TunnelFeatures.Port, "reset,goaway,port")]
    public void Feature_names(TunnelFeatures features, string names) =>
        Assert.Equal(names, string.Join(',', FeatureNames.Format(features)));
}
