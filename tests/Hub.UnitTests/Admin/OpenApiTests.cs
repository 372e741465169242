using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Admin;
using Tunnel.Hub.Admin.Access;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Live;
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
using Tunnel.Shared.Strangers;

namespace Tunnel.Hub.UnitTests.Admin;

/// <summary>The description says what the routes do: nothing that is routed is missing, and nothing described is made up.</summary>
public sealed class OpenApiTests : IAdministeredHub, IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private WebApplication _application = null!;
    private JsonElement _document;

    public EdgeStore Edges { get; private set; } = null!;

    public BlockList Blocks { get; private set; } = null!;

    NeverBlocked IAdministeredHub.NeverBlocked { get; } = new([], [], () => []);

    public CertificateStatus Certificate { get; set; } = new(AdminFixture.Pin, null, []);

    public CertificateStatus GetCertificate() => Certificate;

    public CertificateStatus MakeNextCertificate() => Certificate;

    public CertificateStatus TakeNextCertificate(PemSource certificate, PemSource key) =>
        Certificate with { NextPin = $"{certificate.IsText} {key.IsText}" };

    public HubAddressStatus HubAddress { get; private set; } = new(null, []);

    public HubAddressStatus GetHubAddress() => HubAddress;

    public HubAddressStatus AnnounceHubAddress(string? address) => HubAddress = new HubAddressStatus(address, []);

    public bool IsConnected(string edgeId) => false;

    Task<SecretPush> IAdministeredHub.PushSecretAsync(string edgeId, Guid secretId, string secret) =>
        Task.FromResult(SecretPush.NotConnected);

    public CertificateStatus SwitchCertificate() => throw new OperatorException("There is no next certificate.");

    HubEventFeed IAdministeredHub.Events { get; } = new EventLog().Queue;

    public PrometheusExporter Metrics { get; } = new("none");

    TimeProvider IAdministeredHub.Time => TimeProvider.System;

    TrafficRegistry IAdministeredHub.Traffic { get; } = new();

    TrafficHistory IAdministeredHub.History { get; } = new();

    TargetPools IAdministeredHub.Pools { get; } = NoPools.Create();

    Task IAdministeredHub.DisconnectAsync(string edgeId) => Task.CompletedTask;

    Task<string?> IAdministeredHub.FindUnreadinessAsync() => Task.FromResult<string?>(null);

    public HubStatus GetStatus() => new() { Running = true, TunnelPort = 8443, Version = "1.2.3" };

    public async ValueTask InitializeAsync()
    {
        Edges = TestEdges.Store(_directory.File("state"));
        Blocks = await BlockList.OpenAsync(
            BlockFormat.FileIn(_directory.File("state"), new StateFiles()), TimeProvider.System, NullLogger.Instance,
            CancellationToken.None);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseTestServer();
        builder.Services.AddRoutingCore();
        AdminApi.AddServices(builder.Services);
        _application = builder.Build();
        _application.UseRouting();
        var keys = AdminKeys.Load(_directory.File("state"), new StateFiles());
        var front = AdminFront.Create(
            keys, new FailedTries(TimeProvider.System), () => "hub.example.com", () => null, () => [], TimeProvider.System,
            NullLogger.Instance);
        AdminApi.Map(_application, this, front, () => "hub.example.com", NullLogger.Instance);
        await _application.StartAsync();
        using var http = _application.GetTestClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", keys.Full.Value);
        _document = JsonElement.Parse(await http.GetStringAsync("openapi/v1.json"));
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        await Edges.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public void Every_route_is_described_and_every_description_is_routed() =>
        Assert.Equal(Routed().Order(), Operations().Select(operation => operation.Name).Order());

    [Fact]
    public void Every_operation_has_a_name_of_its_own_a_summary_a_success_and_its_path_parameters()
    {
        Assert.Equal(
            Operations().Count(),
            Operations().Select(operation => operation.Json.GetProperty("operationId").GetString()).Distinct().Count());
        Assert.All(Operations(), operation =>
        {
            Assert.NotEmpty(operation.Json.GetProperty("summary").GetString()!);
            Assert.Contains(operation.Json.GetProperty("responses").EnumerateObject(), response => response.Name[0] == '2');
            var named = operation.Path.Split('/').Where(part => part.StartsWith('{')).Select(part => part.Trim('{', '}'));
            var parameters = operation.Json.TryGetProperty("parameters", out var list) ? list.EnumerateArray().ToList() : [];
            Assert.Equal(
                named,
                parameters.Where(parameter => parameter.GetProperty("in").GetString() == "path").Select(
                    parameter => parameter.GetProperty("name").GetString()));
        });
    }

    [Fact]
    public void It_is_about_the_hub_where_it_was_asked_for() =>
        Assert.Equal("/", Assert.Single(_document.GetProperty("servers").EnumerateArray()).GetProperty("url").GetString());

    [Fact]
    public void What_needs_no_key_says_so_and_knows_no_wrong_one()
    {
        var open = Operations().Where(operation => !operation.Json.TryGetProperty("security", out _)).ToList();
        Assert.Equal(
            ["GET /", "GET /api/v1/login", "GET /healthz", "GET /page/{file}", "GET /readyz", "POST /api/v1/login"],
            open.Select(operation => operation.Name).Order(StringComparer.Ordinal));
        Assert.All(open.Where(operation => operation.Name.StartsWith("GET", StringComparison.Ordinal)), operation =>
            Assert.False(operation.Json.GetProperty("responses").TryGetProperty("401", out _)));
    }

    [Fact]
    public void Every_error_is_problem_details_and_the_common_ones_are_everywhere()
    {
        Assert.All(Operations(), operation =>
        {
            var errors = operation.Json.GetProperty("responses").EnumerateObject().Where(response => response.Name[0] is '4'
                or '5').ToList();
            string[] common = operation.Json.TryGetProperty("security", out _) ? ["401", "403", "429", "500"] : ["500"];
            Assert.Superset(common.ToHashSet(), errors.Select(error => error.Name).ToHashSet());
            Assert.All(errors, error => Assert.EndsWith(
                "/Problem",
                error.Value.GetProperty("content")
                    .GetProperty("application/problem+json").GetProperty("schema").GetProperty("$ref").GetString(),
                StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Every_body_is_described_with_what_can_be_wrong_with_it()
    {
        var bodies = Operations().Where(operation => operation.Json.TryGetProperty("requestBody", out _)).ToList();
        Assert.Contains(bodies, operation => operation.Name == "PUT /api/v1/edges");
        Assert.All(bodies, operation =>
        {
            Assert.Superset(
                new HashSet<string> { "400", "413", "415" },
                operation.Json.GetProperty("responses").EnumerateObject().Select(response => response.Name).ToHashSet());
            Assert.True(operation.Json.GetProperty("requestBody").GetProperty("content").TryGetProperty("application/json", out _));
        });
    }

    [Fact]
    public void Schemas_are_those_of_the_JSON_that_is_really_written()
    {
        var edge = Schema("EdgeDefinition").GetProperty("properties");
        Assert.Equal(
            "integer",
            edge.GetProperty("stunIntervalSecs")
                .GetProperty("type").EnumerateArray().Single(type => type.GetString() != "null").GetString());
        Assert.Equal(2, edge.GetProperty("listenPorts").GetProperty("items").GetProperty("oneOf").GetArrayLength());
        Assert.Equal(
            ["status", "title", "detail", "hint", "errors"],
            Schema("Problem").GetProperty("properties").EnumerateObject().Select(member => member.Name));
        Assert.DoesNotContain(
            "string", Schema("HubStatus").GetProperty("properties").GetProperty("tunnelPort").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_settings_of_a_port_say_what_they_do_and_what_is_valid()
    {
        var policy = Schema("PortPolicyDefinition").GetProperty("properties");
        Assert.Equal(
            PortSettings.All.Select(setting => setting.Name).Order(), policy.EnumerateObject().Select(member => member.Name).Order());
        Assert.All(PortSettings.All, setting => Assert.Contains(
            setting.Summary.Replace("`", "", StringComparison.Ordinal),
            policy.GetProperty(setting.Name).GetProperty("description").GetString(),
            StringComparison.Ordinal));
        Assert.Equal(3600, policy.GetProperty("connectTimeout").GetProperty("maximum").GetInt32());
        Assert.Equal(
            ["off", "v1", "v2"], policy.GetProperty("proxyProtocol").GetProperty("enum").EnumerateArray().Select(word => word.GetString()));
    }

    private JsonElement Schema(string name) => _document.GetProperty("components").GetProperty("schemas").GetProperty(name);

    private IEnumerable<(string Name, string Path, JsonElement Json)> Operations() =>
        from path in _document.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        select ($"{operation.Name.ToUpperInvariant()} {path.Name}", path.Name, operation.Value);

    private IEnumerable<string> Routed() =>
        from endpoint in ((IEndpointRouteBuilder)_application).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []
        select $"{method} {endpoint.RoutePattern.RawText}";
}
