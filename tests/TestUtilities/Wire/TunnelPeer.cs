using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Tunnel.TestUtilities.Wire;

/// <summary>
/// A peer at the hub's tunnel port that says what a test wants, byte by byte: TLS, the handshake lines, and frames made by hand from
/// protocol.md, not by the product's code.
/// </summary>
public sealed class TunnelPeer : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly SslStream _stream;

    public TunnelPeer(SslStream stream) => _stream = stream;

    /// <summary>The stream inside TLS, for tests that send many bytes at once.</summary>
    public Stream Stream => _stream;

    /// <summary>Connects and does the TLS handshake.</summary>
    public static async Task<TunnelPeer> ConnectAsync(IPEndPoint hub, IPAddress? from = null, string? alpn = "tunnel/1")
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (from is not null)
        {
            socket.Bind(new IPEndPoint(from, 0));
        }

        await socket.ConnectAsync(hub).WaitAsync(Limit);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "hub.test",
            ApplicationProtocols = alpn is null ? null : [new SslApplicationProtocol(alpn)],
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        }).WaitAsync(Limit);
        return new TunnelPeer(stream);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.ASCII.GetBytes(text));

    public Task SendAsync(byte[] bytes) => _stream.WriteAsync(bytes).AsTask().WaitAsync(Limit);

    /// <summary>Makes a frame: stream id, type, length, payload (protocol.md section 3).</summary>
    public Task SendFrameAsync(uint stream, byte type, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, stream);
        frame[4] = type;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), payload.Length);
        payload.CopyTo(frame, 9);
        return SendAsync(frame);
    }

    /// <summary>Reads one line without its end, or everything up to the connection's end.</summary>
    public async Task<string> ReadLineAsync()
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (await _stream.ReadAsync(one).AsTask().WaitAsync(Limit) == 1 && one[0] != '\n')
        {
            line.Add(one[0]);
        }

        return Encoding.UTF8.GetString([.. line]);
    }

    /// <summary>Reads everything up to the end of the connection, however it ends.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await _stream.ReadAsync(buffer).AsTask().WaitAsync(Limit) is var read and > 0)
            {
                text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
        }
        catch (IOException)
        {
            // A reset is an end as well.
        }

        return text.ToString();
    }

    public async Task<(uint Stream, byte Type, byte[] Payload)> ReadFrameAsync()
    {
        var header = new byte[9];
        await _stream.ReadExactlyAsync(header).AsTask().WaitAsync(Limit);
        var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5))];
        await _stream.ReadExactlyAsync(payload).AsTask().WaitAsync(Limit);
        return (BinaryPrimitives.ReadUInt32BigEndian(header), header[4], payload);
    }

    /// <summary>Reads the next frame of this type; window updates and PINGs in between are passed over.</summary>
    public async Task<(uint Stream, byte[] Payload)> ReadFrameAsync(byte type)
    {
        while (true)
        {
            var frame = await ReadFrameAsync();
            if (frame.Type == type)
            {
                return (frame.Stream, frame.Payload);
            }

            if (frame.Type is not (FrameTypes.Ping or FrameTypes.Pong or FrameTypes.WindowUpdate or FrameTypes.WindowUpdateBack))
            {
                throw new InvalidOperationException(
                    $"A frame of type 0x{frame.Type:X2} came where one of type 0x{type:X2} was waited for.");
            }
        }
    }

    public void Dispose() => _stream.Dispose();
}
