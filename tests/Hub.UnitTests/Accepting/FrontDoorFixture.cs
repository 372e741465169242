using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Strangers;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Accepting;

/// <summary>A front door on a loopback port, with fakes behind it.</summary>
internal sealed class FrontDoorFixture : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly HubCertificate _certificate;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    // The connections are held here: one that nobody refers to may be collected, which closes it.
    private readonly List<NetworkStream> _clients = [];

    public FrontDoorFixture(StrangerLimits? limits = null, DescriptorGuard? descriptors = null)
    {
        _certificate = HubCertificate.Load(new TlsOptions(), _directory.Path, TimeProvider.System, NullLogger.Instance);
        Strangers = new StrangerRegistry(limits ?? StrangerLimits.Default, Registry.Time);
        Reception = new Reception(
            Registry.Allowed, Registry.Live, Strangers, new FailedTries(Registry.Time), NullLogger<Reception>.Instance);
        Door = new FrontDoor(() => _certificate, Reception, Tunnels, http: null, descriptors ?? PlentyOfDescriptors.Guard, Registry.Time);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    public TestRegistry Registry { get; } = new();

    public FakeTunnelFactory Tunnels { get; } = new();

    public StrangerRegistry Strangers { get; }

    public Reception Reception { get; }

    public FrontDoor Door { get; }

    /// <summary>A connection that the door has taken in, and what becomes of it there. It stays open until the end of the test.</summary>
    public async Task<(NetworkStream Client, Task Served)> ConnectAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(_listener.LocalEndPoint!);
        var stream = new NetworkStream(client, ownsSocket: true);
        _clients.Add(stream);
        var served = Door.ServeAsync(await _listener.AcceptAsync());
        return (stream, served.WaitAsync(Patience.Limit));
    }

    /// <summary>Makes one with TLS on it; <paramref name="alpn"/> empty: none is offered.</summary>
    public async Task<(SslStream Client, Task Served)> ConnectTlsAsync(string[] alpn, SslProtocols protocols = SslProtocols.Tls13)
    {
        var (stream, served) = await ConnectAsync();
        var tls = new SslStream(stream);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "hub",
            EnabledSslProtocols = protocols,
            ApplicationProtocols = alpn.Length == 0 ? null : [.. alpn.Select(name => new SslApplicationProtocol(name))],
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        });
        return (tls, served);
    }

    /// <summary>Returns everything that the hub says to these bytes, until it closes.</summary>
    public async Task<string> AskAsync(string bytes)
    {
        var (client, served) = await ConnectTlsAsync(["tunnel/1"]);
        var timers = Registry.Time.WaitingTimers;
        await client.WriteAsync(Encoding.ASCII.GetBytes(bytes));
        using var answer = new MemoryStream();
        var reading = client.CopyToAsync(answer);

        // A refusal waits for its time; other answers come at once.
        while (!reading.IsCompleted && Registry.Time.WaitingTimers <= timers)
            await Task.WhenAny(reading, Task.Delay(1));
        Registry.Time.Advance(RefusalPace.Time);
        await reading.WaitAsync(Patience.Limit);
        await client.DisposeAsync();
        await served;
        return Encoding.UTF8.GetString(answer.ToArray());
    }

    public void Dispose()
    {
        _clients.ForEach(client => client.Dispose());
        _listener.Dispose();
        _certificate.Dispose();
        _directory.Dispose();
    }
}
