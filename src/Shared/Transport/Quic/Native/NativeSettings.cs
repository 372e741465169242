using System.Runtime.InteropServices;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>QUIC_SETTINGS: a bit in <see cref="_isSet"/> for each value that is given; the others stay as they are.</summary>
[StructLayout(LayoutKind.Explicit, Size = 144)]
internal struct NativeSettings
{
    [FieldOffset(0)]
    private ulong _isSet;

    [FieldOffset(16)]
    private ulong _handshakeIdleTimeoutMs;

    [FieldOffset(24)]
    private ulong _idleTimeoutMs;

    [FieldOffset(48)]
    private uint _streamReceiveWindow;

    [FieldOffset(56)]
    private uint _connectionWindow;

    [FieldOffset(84)]
    private uint _disconnectTimeoutMs;

    [FieldOffset(88)]
    private uint _keepAliveIntervalMs;

    [FieldOffset(92)]
    private ushort _congestionControl;

    [FieldOffset(94)]
    private ushort _peerBidirectionalStreams;

    [FieldOffset(96)]
    private ushort _peerUnidirectionalStreams;

    [FieldOffset(104)]
    private ushort _maximumMtu;

    [FieldOffset(106)]
    private byte _switches;

    /// <summary>After this many milliseconds without an answer, a handshake fails.</summary>
    public uint HandshakeIdleTimeoutMs
    {
        set => Set(1, ref _handshakeIdleTimeoutMs, value);
    }

    /// <summary>
    /// After this many milliseconds without anything from the peer, the connection ends; the lower value of both ends counts.
    /// </summary>
    public uint IdleTimeoutMs
    {
        set => Set(2, ref _idleTimeoutMs, value);
    }

    /// <summary>Credit of a new stream in bytes; a power of two.</summary>
    public uint StreamReceiveWindow
    {
        set => Set(6, ref _streamReceiveWindow, value);
    }

    /// <summary>
    /// Credit of the connection in bytes at its start. Set on a live connection, it does not change the connection's credit, but limits how
    /// far the credit of single streams grows from then on.
    /// </summary>
    public uint ConnectionWindow
    {
        set => Set(8, ref _connectionWindow, value);
    }

    /// <summary>When sent data stays unacknowledged for this many milliseconds, the connection ends.</summary>
    public uint DisconnectTimeoutMs
    {
        set => Set(15, ref _disconnectTimeoutMs, value);
    }

    /// <summary>Something is sent at least once in this many milliseconds.</summary>
    public uint KeepAliveIntervalMs
    {
        set => Set(16, ref _keepAliveIntervalMs, value);
    }

    /// <summary>True for BBR instead of CUBIC.</summary>
    public bool Bbr
    {
        set => Set(17, ref _congestionControl, (ushort)(value ? 1 : 0));
    }

    /// <summary>The most bidirectional streams that the peer may have open.</summary>
    public ushort PeerBidirectionalStreams
    {
        set => Set(18, ref _peerBidirectionalStreams, value);
    }

    /// <summary>The most unidirectional streams that the peer may have open.</summary>
    public ushort PeerUnidirectionalStreams
    {
        set => Set(19, ref _peerUnidirectionalStreams, value);
    }

    /// <summary>Bytes of the largest packet that is tried, with its IP header. Only to be set before the start.</summary>
    public ushort MaximumMtu
    {
        set => Set(23, ref _maximumMtu, value);
    }

    /// <summary>Whether msquic copies what is sent.</summary>
    public bool SendBuffering
    {
        set => Switch(24, 0x01, value);
    }

    /// <summary>Whether the connection follows the client to another address (RFC 9000, 9).</summary>
    public bool Migration
    {
        set => Switch(26, 0x04, value);
    }

    /// <summary>Whether the peer may send datagrams (RFC 9221).</summary>
    public bool DatagramReceive
    {
        set => Switch(27, 0x08, value);
    }

    private void Set<T>(int bit, ref T field, T value)
    {
        _isSet |= 1UL << bit;
        field = value;
    }

    private void Set(int bit, ref ulong field, uint value)
    {
        _isSet |= 1UL << bit;
        field = value;
    }

    private void Switch(int bit, byte mask, bool value)
    {
        _isSet |= 1UL << bit;
        _switches = (byte)(value ? _switches | mask : _switches & ~mask);
    }
}
