using System.Runtime.InteropServices;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>The part of QUIC_CONNECTION_EVENT that is read. The fields of the events overlap.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal unsafe struct ConnectionEvent
{
    public const int Connected = 0;
    public const int ShutdownByTransport = 1;
    public const int ShutdownByPeer = 2;
    public const int ShutdownComplete = 3;
    public const int PeerAddressChanged = 5;
    public const int PeerStreamStarted = 6;
    public const int StreamsAvailable = 7;
    public const int DatagramStateChanged = 10;
    public const int DatagramReceived = 11;
    public const int DatagramSendStateChanged = 12;
    public const int PeerCertificateReceived = 15;

    [FieldOffset(0)]
    public int Type;

    [FieldOffset(8)]
    public int TransportStatus;

    [FieldOffset(8)]
    public ulong PeerErrorCode;

    [FieldOffset(8)]
    public NativeAddress* PeerAddress;

    [FieldOffset(8)]
    public nint PeerStream;

    [FieldOffset(16)]
    public int PeerStreamFlags;

    [FieldOffset(8)]
    public byte DatagramSendEnabled;

    [FieldOffset(10)]
    public ushort DatagramMaxLength;

    [FieldOffset(8)]
    public NativeBuffer* Datagram;

    [FieldOffset(8)]
    public nint DatagramContext;

    [FieldOffset(16)]
    public int DatagramSendState;

    [FieldOffset(8)]
    public NativeBuffer* Certificate;

    [FieldOffset(24)]
    public NativeBuffer* CertificateChain;
}

/// <summary>QUIC_DATAGRAM_SEND_STATE.</summary>
internal static class DatagramState
{
    public const int Sent = 1;
    public const int LostDiscarded = 3;
    public const int Canceled = 6;
}

/// <summary>The part of QUIC_STREAM_EVENT that is read. The fields of the events overlap.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal unsafe struct StreamEvent
{
    public const int StartComplete = 0;
    public const int Receive = 1;
    public const int SendComplete = 2;
    public const int PeerSendShutdown = 3;
    public const int PeerSendAborted = 4;
    public const int PeerReceiveAborted = 5;
    public const int ShutdownComplete = 7;
    public const int IdealSendBufferSize = 8;

    [FieldOffset(0)]
    public int Type;

    [FieldOffset(8)]
    public int StartStatus;

    [FieldOffset(16)]
    public ulong ReceiveLength;

    [FieldOffset(24)]
    public NativeBuffer* ReceiveBuffers;

    [FieldOffset(32)]
    public uint ReceiveCount;

    [FieldOffset(8)]
    public byte SendCanceled;

    [FieldOffset(16)]
    public nint SendContext;

    [FieldOffset(8)]
    public ulong ErrorCode;

    [FieldOffset(8)]
    public ulong IdealBytes;
}
