using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Quic;
using Message = Tunnel.Shared.Protocol.Messages.Report;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>A hostile edge over QUIC: the product's own end of the tunnel, made to do what no edge does.</summary>
internal sealed class QuicFlood : IFlood, IEdgeTunnelHandler
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly FloodOrder _order;
    private readonly Func<QuicFlood, bool> _act;
    private readonly QuicTunnelDialer _dialer =
        new(new TransportContext(new FlowControlOptions(), TimeProvider.System, NullLoggerFactory.Instance));
    private ITunnel _tunnel;
    private uint _last;

    public QuicFlood(FloodOrder order, Func<QuicFlood, bool> act)
    {
        (_order, _act) = (order, act);
        _tunnel = Connect();
    }

    public int Ends { get; private set; }

    private StreamOpening Opening(int port) =>
        new(
            new IPEndPoint(new IPAddress([203, 0, (byte)(++_last >> 8), (byte)_last]), 5555), new IPEndPoint(IPAddress.Loopback, port),
            port);

    public int Send(int count)
    {
        if (_tunnel.Completion.IsCompleted)
        {
            Ends++;
            _tunnel = Connect();
        }

        // The tunnel takes no more at present, so that this one is not done.
        var done = 0;
        for (var tried = 0; tried < count; tried++)
            done += _act(this) ? 1 : 0;
        return done;
    }

    public void OnConfig(ITunnel tunnel, TunnelConfig config)
    {
    }

    public void OnGoAway(ITunnel tunnel, GoAway goAway)
    {
    }

    public void Dispose() => _tunnel.DisposeAsync().AsTask().Wait();

    public static bool OpenAndClose(QuicFlood flood) => flood.Open() is not null;

    public static bool OpenAndReset(QuicFlood flood)
    {
        var stream = flood.Open();
        stream?.Reset(ResetReason.ResetByPeer);
        return stream is not null;
    }

    public static bool OpenSession(QuicFlood flood) =>
        flood._tunnel.OpenSession(flood.Opening(flood._order.UdpPort), NoSink.Instance) is not null;

    public static bool Report(QuicFlood flood)
    {
        flood._tunnel.SendReport(new Message { Kind = Message.ConfigApplied, Rev = 1 });
        return true;
    }

    private ITunnelStream? Open() => _tunnel.OpenStream(Opening(_order.ClosingPort), new EndedEndpoint(), null);

    private ITunnel Connect()
    {
        for (var attempt = 0; ; attempt++)
        {
            var request = new DialRequest
            {
                Address = _order.HubEndPoint,
                HostName = "hub",
                EdgeId = _order.EdgeId,
                Secret = _order.Secret,
                InsecureSkipVerify = true,
                Hello = new Hello { Instance = Guid.NewGuid().ToString("N") },
                Handler = this,
            };
            var result = _dialer.DialAsync(request, CancellationToken.None).GetAwaiter().GetResult();
            if (result.Tunnel is { } tunnel)
            {
                tunnel.Start();
                return tunnel;
            }

            if (attempt == 100)
                throw new IOException(result.Failure!.Message);
            Thread.Sleep(Pause);
        }
    }

    /// <summary>Plays a client that has said all and hears nothing.</summary>
    private sealed class EndedEndpoint : ILocalEndpoint
    {
        public void Start(ITunnelStream stream)
        {
        }

        public LocalReadStatus TryRead(Span<byte> buffer, out int count)
        {
            count = 0;
            return LocalReadStatus.EndOfFile;
        }

        public bool ArmRead() => true;

        public void ParkRead()
        {
        }

        public int TryWrite(ReadOnlySpan<byte> data) => data.Length;

        public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data) => new(true);

        public void ShutdownWrite()
        {
        }

        public void Close()
        {
        }

        public void Reset(bool flush)
        {
        }
    }

    private sealed class NoSink : IDatagramSink
    {
        public static NoSink Instance { get; } = new();

        public void OnDatagram(ReadOnlySpan<byte> payload)
        {
        }

        public void OnSessionClosed()
        {
        }
    }
}
