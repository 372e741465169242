namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>
/// The function table of MsQuicOpenVersion(2), by position (docs/api of microsoft/msquic). Calls marked "waits" run on a worker of msquic,
/// and the caller waits for them, except inside a callback of the same connection; the others only queue.
/// </summary>
internal sealed unsafe class MsQuicApi(nint* table)
{
    // Entry 3. Waits on connections and streams.
    private readonly delegate* unmanaged<nint, uint, uint, void*, int> _setParam =
        (delegate* unmanaged<nint, uint, uint, void*, int>)table[3];
    private readonly delegate* unmanaged<nint, uint, uint*, void*, int> _getParam =
        (delegate* unmanaged<nint, uint, uint*, void*, int>)table[4];

    public readonly delegate* unmanaged<nint, void*, nint, void> SetCallbackHandler =
        (delegate* unmanaged<nint, void*, nint, void>)table[2];

    public readonly delegate* unmanaged<RegistrationConfig*, nint*, int> RegistrationOpen =
        (delegate* unmanaged<RegistrationConfig*, nint*, int>)table[5];

    public readonly delegate* unmanaged<nint, NativeBuffer*, uint, NativeSettings*, uint, void*, nint*, int> ConfigurationOpen =
        (delegate* unmanaged<nint, NativeBuffer*, uint, NativeSettings*, uint, void*, nint*, int>)table[8];

    public readonly delegate* unmanaged<nint, void> ConfigurationClose = (delegate* unmanaged<nint, void>)table[9];
    public readonly delegate* unmanaged<nint, CredentialConfig*, int> ConfigurationLoadCredential =
        (delegate* unmanaged<nint, CredentialConfig*, int>)table[10];
    public readonly delegate* unmanaged<nint, void*, nint, nint*, int> ListenerOpen =
        (delegate* unmanaged<nint, void*, nint, nint*, int>)table[11];
    public readonly delegate* unmanaged<nint, void> ListenerClose = (delegate* unmanaged<nint, void>)table[12];
    public readonly delegate* unmanaged<nint, NativeBuffer*, uint, NativeAddress*, int> ListenerStart =
        (delegate* unmanaged<nint, NativeBuffer*, uint, NativeAddress*, int>)table[13];
    public readonly delegate* unmanaged<nint, void*, nint, nint*, int> ConnectionOpen =
        (delegate* unmanaged<nint, void*, nint, nint*, int>)table[15];

    /// <summary>Closes a connection. Waits.</summary>
    public readonly delegate* unmanaged<nint, void> ConnectionClose = (delegate* unmanaged<nint, void>)table[16];

    public readonly delegate* unmanaged<nint, int, ulong, void> ConnectionShutdown = (delegate* unmanaged<nint, int, ulong, void>)table[17];
    public readonly delegate* unmanaged<nint, nint, ushort, byte*, ushort, int> ConnectionStart =
        (delegate* unmanaged<nint, nint, ushort, byte*, ushort, int>)table[18];
    private readonly delegate* unmanaged<nint, nint, int> _connectionSetConfiguration = (delegate* unmanaged<nint, nint, int>)table[19];
    public readonly delegate* unmanaged<nint, int, void*, nint, nint*, int> StreamOpen =
        (delegate* unmanaged<nint, int, void*, nint, nint*, int>)table[21];

    /// <summary>Closes a stream. Waits, unless the stream has shut down completely.</summary>
    public readonly delegate* unmanaged<nint, void> StreamClose = (delegate* unmanaged<nint, void>)table[22];

    public readonly delegate* unmanaged<nint, int, int> StreamStart = (delegate* unmanaged<nint, int, int>)table[23];
    public readonly delegate* unmanaged<nint, int, ulong, int> StreamShutdown = (delegate* unmanaged<nint, int, ulong, int>)table[24];
    public readonly delegate* unmanaged<nint, NativeBuffer*, uint, int, nint, int> StreamSend =
        (delegate* unmanaged<nint, NativeBuffer*, uint, int, nint, int>)table[25];
    public readonly delegate* unmanaged<nint, ulong, void> StreamReceiveComplete = (delegate* unmanaged<nint, ulong, void>)table[26];
    public readonly delegate* unmanaged<nint, byte, int> StreamReceiveSetEnabled = (delegate* unmanaged<nint, byte, int>)table[27];
    public readonly delegate* unmanaged<nint, NativeBuffer*, uint, int, nint, int> DatagramSend =
        (delegate* unmanaged<nint, NativeBuffer*, uint, int, nint, int>)table[28];

    /// <summary>Sets a parameter of a handle; 0 is the library itself.</summary>
    public int SetParam<T>(nint handle, uint parameter, T value)
        where T : unmanaged => _setParam(handle, parameter, (uint)sizeof(T), &value);

    /// <summary>Gives settings and certificate to a connection that a listener has indicated, so that its handshake goes on.</summary>
    public int SetConfiguration(nint connection, ConfigurationHandle configuration) =>
        _connectionSetConfiguration(connection, configuration.Value);

    /// <summary>Reads a parameter of a handle; 0 is the library itself. A longer value is cut off where msquic allows that.</summary>
    public int GetParam<T>(nint handle, uint parameter, out T value)
        where T : unmanaged
    {
        var length = (uint)sizeof(T);
        T result = default;
        var status = _getParam(handle, parameter, &length, &result);
        value = result;
        return status;
    }
}

/// <summary>QUIC_PARAM_*.</summary>
internal static class Parameter
{
    /// <summary>u16: handshakes in per mille of memory from which Retry is asked for (65,535 = all of it); 0 always asks.</summary>
    public const uint RetryMemoryLimit = 0x01000000;

    /// <summary>u32[4].</summary>
    public const uint LibraryVersion = 0x01000004;

    /// <summary>u8[32]: the key from which the tokens of stateless resets are made.</summary>
    public const uint StatelessResetKey = 0x0100000B;

    public const uint ListenerLocalAddress = 0x04000000;
    public const uint ConnectionLocalAddress = 0x05000001;
    public const uint ConnectionRemoteAddress = 0x05000002;
    public const uint ConnectionSettings = 0x05000004;

    /// <summary>u32: how streams of one priority share the connection, see <see cref="RoundRobin"/>.</summary>
    public const uint ConnectionStreamScheduling = 0x0500000C;

    /// <summary>Streams send in turn. Otherwise the first stream uses the whole connection until it has nothing to send.</summary>
    public const uint RoundRobin = 1;

    /// <summary>u16 (msquicp.h): bytes with which a PING is padded; 0 pads it to the path's size.</summary>
    public const uint ConnectionKeepAlivePadding = 0x85000003;

    /// <summary>QUIC_STATISTICS_V2; may be read in part.</summary>
    public const uint ConnectionStatistics = 0x05000016;

    /// <summary>u64: the id of a stream.</summary>
    public const uint StreamId = 0x08000000;

    /// <summary>u16: higher priorities are sent first; 0x7FFF when not set.</summary>
    public const uint StreamPriority = 0x08000003;
}
