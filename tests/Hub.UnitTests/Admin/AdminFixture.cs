using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Admin;
using Tunnel.Hub.Admin.Access;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Events;
using Tunnel.Hub.History;
using Tunnel.Hub.Status;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Strangers;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Admin;

/// <summary>The admin API over a real Unix socket, with a store and no hub behind it.</summary>
internal sealed class AdminFixture : IAdministeredHub, IAsyncDisposable
{
    public const string Pin = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    private readonly TemporaryDirectory _directory = new();
    private readonly HttpClient _http;
    private AdminSocketHost? _host;

    private AdminFixture()
    {
        Blocks = BlockList.OpenAsync(
            BlockFormat.FileIn(_directory.File("state"), new StateFiles()), Time, NullLogger.Instance, CancellationToken.None)
            .GetAwaiter().GetResult();
        Edges = TestEdges.Store(_directory.File("state"), time: Time);
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync }) { BaseAddress = new Uri("http://localhost/") };
    }

    public ManualTimeProvider Time { get; } = new();

    public EdgeStore Edges { get; }

    public BlockList Blocks { get; }

    public NeverBlocked NeverBlocked { get; } = new([], [], () => [IPAddress.Parse("192.0.2.200"), IPAddress.Parse("2001:db8::200")]);

    public CertificateStatus Certificate { get; set; } = new(Pin, null, []);

    public CertificateStatus GetCertificate() => Certificate;

    /// <summary>The outcome for a secret that is sent.</summary>
    public SecretPush Push { get; set; } = SecretPush.NotConnected;

    /// <summary>The secret that was sent last.</summary>
    public string? Pushed { get; private set; }

    public bool IsConnected(string edgeId) => Push.Sent;

    public Task<SecretPush> PushSecretAsync(string edgeId, Guid secretId, string secret)
    {
        Pushed = secret;
        return Task.FromResult(Push);
    }

    public CertificateStatus MakeNextCertificate() => Certificate;

    public CertificateStatus TakeNextCertificate(PemSource certificate, PemSource key)
    {
        HubCertificate.Take(certificate, key).Dispose();
        return Certificate with { NextPin = $"{certificate.IsText} {key.IsText}" };
    }

    public HubAddressStatus HubAddress { get; private set; } = new(null, []);

    public ImmutableArray<HubAddress> FurtherHubs { get; set; } = [];

    public HubAddressStatus GetHubAddress() => HubAddress;

    public HubAddressStatus AnnounceHubAddress(string? address) => HubAddress = new HubAddressStatus(address, []);

    public CertificateStatus SwitchCertificate() => throw new OperatorException("There is no next certificate.");

    public EventLog EventLog { get; } = new();

    public HubEventFeed Events => EventLog.Queue;

    public TrafficRegistry Traffic { get; } = new();

    public TrafficHistory History { get; } = new();

    public TargetPools Pools { get; } = NoPools.Create();

    public PrometheusExporter Metrics { get; } = new("none");

    TimeProvider IAdministeredHub.Time => Time;

    /// <summary>Returns what in the hub stands still.</summary>
    public Func<Task<string?>> FindFault { get; set; } = () => Task.FromResult<string?>(null);

    Task<string?> IAdministeredHub.FindUnreadinessAsync() => FindFault();

    /// <summary>The addresses at which the page is said to be served over the network.</summary>
    public ImmutableArray<string> PageAddresses { get; set; } = [];

    public string SocketPath => _directory.File("admin.sock");

    public static async Task<AdminFixture> StartAsync(string? publicHost = null)
    {
        var fixture = new AdminFixture();
        await fixture.Edges.LoadAsync([], CancellationToken.None);
        var keys = AdminKeys.Load(fixture._directory.File("state"), new StateFiles());
        var front = AdminFront.Create(
            keys, new FailedTries(fixture.Time), () => publicHost, () => null, () => fixture.PageAddresses, fixture.Time,
            NullLogger.Instance);
        fixture._host = await AdminSocketHost.StartAsync(
            fixture.SocketPath,
            AdminApi.AddServices,
            application => AdminApi.Map(application, fixture, front, () => publicHost, NullLogger.Instance),
            PlentyOfDescriptors.Guard,
            NullLoggerFactory.Instance,
            CancellationToken.None);
        return fixture;
    }

    public Task DisconnectAsync(string edgeId) => Task.CompletedTask;

    public EdgePresences Presences => field ??= new EdgePresences(Time);

    /// <summary>A status that is answered in place of the store's.</summary>
    public HubStatus? Recorded { get; set; }

    public HubStatus GetStatus() => Recorded ?? new()
    {
        Running = true,
        TunnelPort = 8443,
        Version = "1.2.3",
        AllowedEdges = Edges.Current.Count,
        Edges = AllowedEdges.Describe(Edges.State, [], Presences, _ => default, Time.GetUtcNow()),
    };

    public string File(string name, string content)
    {
        System.IO.File.WriteAllText(_directory.File(name), content);
        return _directory.File(name);
    }

    public async Task<(HttpStatusCode Status, JsonElement Json)> SendAsync(
        HttpMethod method, string path, string? body = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal(
            response.IsSuccessStatusCode ? "application/json" : "application/problem+json",
            response.Content.Headers.ContentType?.MediaType);
        return (response.StatusCode, JsonElement.Parse(text));
    }

    /// <summary>Opens an endless answer; reading begins when the headers are there.</summary>
    public async Task<Stream> OpenStreamAsync(string path, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is not null)
            request.Headers.Add("Last-Event-ID", lastEventId);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        return await response.Content.ReadAsStreamAsync();
    }

    public async Task<HttpResponseMessage> RequestAsync(
        HttpMethod method, string path, string? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await _http.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _host!.StopAsync(TimeSpan.FromSeconds(5));
        await _host.DisposeAsync();
        await Edges.DisposeAsync();
        _directory.Dispose();
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
