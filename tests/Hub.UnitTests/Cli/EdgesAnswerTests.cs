using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Cli;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.UnitTests.Cli;

/// <summary>Commands read all that the hub says of its edges.</summary>
public sealed class EdgesAnswerTests
{
    [Fact]
    public void What_the_hub_answers_may_be_sent_to_it_again()
    {
        var edge = TestEdges.Edge("a", 443) with
        {
            Ports = EdgeDefinition.NoPorts.Add("default", new PortPolicyDefinition
            {
                Balance = Balance.SourceHash,
                HealthCheck = new HealthCheckDefinition { Type = HealthCheckType.Http, ProxyProtocol = ProxyProtocol.V2 },
                Tls = new TlsDefinition { Passthrough = true, MinVersion = TlsVersion.Tls13 },
                ProxyProtocol = ProxyProtocol.V1,
                UdpProxyProtocol = UdpProxyProtocol.First,
            }),
        };
        using var answer = JsonDocument.Parse(JsonSerializer.Serialize(edge, AdminJson.Default.EdgeDefinition));
        var faults = new FaultList();
        Assert.Equal(edge.Ports["default"], new EdgeDefinitionReader(faults).ReadEdge(answer.RootElement, "$")!.Ports["default"]);
        Assert.Empty(faults.ToImmutable());
    }

    [Fact]
    public void Pools_routes_and_certificates_are_read_too()
    {
        var targets = new TargetList([new TargetDefinition { Host = "10.0.0.5", Weight = 2 }]);
        var edge = TestEdges.Edge("a", 443) with
        {
            Ports = EdgeDefinition.NoPorts.Add("tcp/443", new PortPolicyDefinition
            {
                Targets = targets,
                Tls = new TlsDefinition
                {
                    Certificates = new ValueList<CertificateDefinition>([new CertificateDefinition { CertPem = "/a.pem" }]),
                    Alpn = new ValueList<string>(["h2"]),
                },
                Routes = new ValueList<RouteDefinition>([new RouteDefinition { Sni = "a.test", Targets = targets }]),
            }),
        };
        var answer = JsonSerializer.Serialize<IEnumerable<EdgeDefinition>>([edge], AdminJson.Default.IEnumerableEdgeDefinition);
        Assert.Equal(edge.Ports["tcp/443"], Assert.Single(EdgesAnswer.Read(answer)).Ports["tcp/443"]);
        var later = Assert.Single(EdgesAnswer.Read(answer.Replace("\"targets\":", "\"later\":1,\"targets\":", StringComparison.Ordinal)));
        Assert.Equal(edge.Ports["tcp/443"], later.Ports["tcp/443"]);
    }
}
