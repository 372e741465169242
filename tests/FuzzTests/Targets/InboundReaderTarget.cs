using System.Net;
using System.Net.Sockets;
using Tunnel.Edge.Refusing;
using Tunnel.Edge.Tcp;
using Tunnel.FuzzTests.Engine;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.TestUtilities;

namespace Tunnel.FuzzTests.Targets;

/// <summary>
/// The header in front of a client's connection, through a socket and in one or two pieces, which the first byte tells: what the parser
/// says of it is what the reader does, and not a byte of the client's own is taken. One connection for all inputs.
/// </summary>
internal sealed class InboundReaderTarget
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly ManualTimeProvider _time = new();
    private readonly Socket _client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly Socket _server;
    private readonly byte[] _rest = new byte[4096];

    private InboundReaderTarget()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        _client.Connect(listener.LocalEndPoint!);
        _server = listener.Accept();
        _server.Blocking = false;
    }

    public static IReadOnlyList<byte[]> Seeds { get; } = [
        .. ProxyTargets.V1Seeds.Concat(ProxyTargets.V2Seeds.Take(2)).SelectMany(
            static seed => new byte[][] { [0, .. seed], [9, .. seed, 1, 2, 3] })];

    public static FuzzAction Start()
    {
        var target = new InboundReaderTarget();
        return target.Run;
    }

    private bool Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2)
            return false;
        var content = input[1..];
        var status = InboundProxyHeader.TryParse(content, out var expected, out var consumed);
        var cut = input[0] % content.Length;
        if (cut > 0)
            _client.Send(content[..cut]);
        var reading = InboundHeaderReader.ReadAsync(_server, _time).AsTask();
        _client.Send(content[cut..]);
        if (status == ProxyParseStatus.Incomplete)
            _time.Advance(InboundHeaderReader.TimeLimit);
        Check.That(reading.Wait(Limit), "reading ends");
        var (header, refusal) = reading.Result;
        switch (status)
        {
            case ProxyParseStatus.Complete:
                Check.Equal(null, refusal, "a whole header is taken");
                Check.Equal(expected, header, "the header");
                Check.Same(content[consumed..], Take(content.Length - consumed), "what is behind it is the client's");
                return true;
            case ProxyParseStatus.Incomplete:
                Check.Equal(RefusalReason.ProxyHeaderTimeout, refusal, "a header that does not come is not waited for");
                break;
            default:
                Check.Equal(RefusalReason.ProxyHeaderInvalid, refusal, "what is no header is refused");
                break;
        }

        // Some of the header may have been read, and nothing of it may be there for the next input.
        _client.Send("\0"u8);
        while (Take(1)[0] != 0 || _server.Available > 0)
        {
        }

        return false;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        for (var taken = 0; taken < count;)
        {
            Check.That(_server.Poll(Limit, SelectMode.SelectRead), "what was sent comes");
            taken += _server.Receive(_rest.AsSpan(taken, count - taken));
        }

        return _rest.AsSpan(0, count);
    }
}
