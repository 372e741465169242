using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.UnitTests.Edges.Definitions;

public sealed class EdgeSetValidatorTests
{
    [Theory]
    [InlineData("""{}""", "$", "array of edges")]
    [InlineData("""[5]""", "$[0]", "must be an object")]
    [InlineData("""[{"listenPorts":[80]}]""", "$[0].id", "1–64")]
    [InlineData("""[{"id":7}]""", "$[0].id", "string")]
    [InlineData("""[{"id":"a b"}]""", "$[0].id", "1–64")]
    [InlineData("""[{"id":"ä"}]""", "$[0].id", "1–64")]
    [InlineData("""[{"id":"."}]""", "$[0].id", "folded away")]
    [InlineData("""[{"id":".."}]""", "$[0].id", "folded away")]
    [InlineData("""[{"id":"a"},{"id":"b"},{"id":"a"}]""", "$[2].id", "taken by $[0]")]
    [InlineData("""[{"id":"a","secret":"short"}]""", "$[0].secret", "16–256")]
    [InlineData("""[{"id":"a","secret":"0123456789 abcdef"}]""", "$[0].secret", "16–256")]
    [InlineData("""[{"id":"a","secret":["0123456789abcdef"]}]""", "$[0].secret", "string")]
    [InlineData("""[{"id":"a","enabled":"yes"}]""", "$[0].enabled", "true or false")]
    [InlineData("""[{"id":"a","listenPorts":80}]""", "$[0].listenPorts", "array")]
    [InlineData("""[{"id":"a","listenPorts":[0]}]""", "$[0].listenPorts[0]", "1–65535")]
    [InlineData("""[{"id":"a","listenPorts":[65536]}]""", "$[0].listenPorts[0]", "1–65535")]
    [InlineData("""[{"id":"a","listenPorts":[-1]}]""", "$[0].listenPorts[0]", "1–65535")]
    [InlineData("""[{"id":"a","listenPorts":[80.5]}]""", "$[0].listenPorts[0]", "port")]
    [InlineData("""[{"id":"a","listenPorts":["80-"]}]""", "$[0].listenPorts[0]", "range")]
    [InlineData("""[{"id":"a","listenPorts":["90-80"]}]""", "$[0].listenPorts[0]", "lower port")]
    [InlineData("""[{"id":"a","listenPorts":["1-2147483647"]}]""", "$[0].listenPorts[0]", "1–65535")]
    [InlineData("""[{"id":"a","listenPorts":["1-2147483648"]}]""", "$[0].listenPorts[0]", "range")]
    [InlineData("""[{"id":"a","listenPorts":[80,443,80]}]""", "$[0].listenPorts[2]", "$[0].listenPorts[0]")]
    [InlineData("""[{"id":"a","listenPortsUdp":["50-60",53]}]""", "$[0].listenPortsUdp[1]", "port 53")]
    [InlineData("""[{"id":"a","listenPorts":["1-8193"],"listenPortsUdp":["1-8192"]}]""", "$[0].listenPorts", "at most 16384")]
    [InlineData("""[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"},{"id":"e"},{"id":"f"},0]""", "$", "at most 5 edges")]
    [InlineData("""[{"id":"a","stunIntervalSecs":5}]""", "$[0].stunIntervalSecs", "10–86400")]
    [InlineData("""[{"id":"a","targetAllowCidrs":"10.0.0.0/8"}]""", "$[0].targetAllowCidrs", "array")]
    [InlineData("""[{"id":"a","targetAllowCidrs":["10.0.0.1/8"]}]""", "$[0].targetAllowCidrs[0]", "10.0.0.0/8")]
    [InlineData(
        """[{"id":"a","targetAllowCidrs":["10.0.0.0/8"],"ports":{"default":{"routes":[{"sni":"a.b","targets":[{"host":"192.168.1.7"}]}]}}}]""",
        "$[0].ports['default'].routes[0].targets[0].host", "not among the edge's targetAllowCidrs")]
    [InlineData(
        """[{"id":"a","targetAllowCidrs":["10.0.0.0/8"],"ports":{"default":{"targetHost":"192.168.1.7"}}}]""",
        "$[0].ports['default'].targetHost", "not among the edge's targetAllowCidrs")]
    [InlineData(
        """[{"id":"a","targetAllowCidrs":["10.0.0.0/8"],"ports":{"default":{"targets":[{"host":"10.0.0.5"},{"host":"::1"}]}}}]""",
        "$[0].ports['default'].targets[1].host", "not among the edge's targetAllowCidrs")]
    [InlineData("""[{"id":"a","dial":"both"}]""", "$[0].dial", "must be edge or hub")]
    [InlineData("""[{"id":"a","dial":"hub"}]""", "$[0].dialAddress", "is needed where the hub dials")]
    [InlineData("""[{"id":"a","dialAddress":"vps.example.com"}]""", "$[0].dialAddress", "is only for edges")]
    [InlineData("""[{"id":"a","dial":"hub","dialAddress":"vps.example.com:0"}]""", "$[0].dialAddress", "with or without a port")]
    [InlineData("""[{"id":"a","firewallConfig":[]}]""", "$[0].firewallConfig", "object")]
    [InlineData("""[{"id":"a","firewallConfig":{"blockedIps":["10.0.0.1/8"]}}]""", "$[0].firewallConfig.blockedIps[0]", "10.0.0.0/8")]
    [InlineData("""[{"id":"a","firewallConfig":{"timedBlocks":[]}}]""", "$[0].firewallConfig.timedBlocks", "firewall block")]
    [InlineData("""[{"id":"a","ports":[]}]""", "$[0].ports", "object")]
    [InlineData("""[{"id":"a","ports":{"443":{}}}]""", "$[0].ports['443']", "tcp/443")]
    [InlineData("""[{"id":"a","ports":{"tcp/443":{}}}]""", "$[0].ports['tcp/443']", "not assigned")]
    [InlineData("""[{"id":"a","listenPorts":[443],"ports":{"udp/443":{}}}]""", "$[0].ports['udp/443']", "listenPortsUdp")]
    [InlineData("""[{"id":"a","listenPorts":[443],"ports":{"tcp/0443":{}}}]""", "$[0].ports['tcp/0443']", "not a port")]
    [InlineData("""[{"id":"a","ports":{"default":5}}]""", "$[0].ports['default']", "object")]
    [InlineData("""[{"id":"a","ports":{"default":{"targetPort":0}}}]""", "$[0].ports['default'].targetPort", "1–65535")]
    [InlineData("""[{"id":"a","ports":{"default":{"targetHost":"a:80"}}}]""", "$[0].ports['default'].targetHost", "without a port")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"targetHost":"300.1.1.1"}}}]""", "$[0].ports['default'].targetHost", "looks like a number")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"targetHost":"010.0.0.1"}}}]""", "$[0].ports['default'].targetHost", "without leading zeros")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"allowCidrs":["010.0.0.0/8"]}}}]""", "$[0].ports['default'].allowCidrs[0]",
        "without leading zeros")]
    [InlineData("""[{"id":"a","ports":{"default":{"proxyProtocol":"v3"}}}]""", "$[0].ports['default'].proxyProtocol", "\"v2\"")]
    [InlineData("""[{"id":"a","ports":{"default":{"udpProxyProtocol":"all"}}}]""", "$[0].ports['default'].udpProxyProtocol", "\"each\"")]
    [InlineData("""[{"id":"a","ports":{"default":{"connectTimeout":0}}}]""", "$[0].ports['default'].connectTimeout", "1–3600")]
    [InlineData("""[{"id":"a","ports":{"default":{"idleTimeout":86401}}}]""", "$[0].ports['default'].idleTimeout", "0–86400")]
    [InlineData(
        """[{"id":"a","listenPortsUdp":[53],"ports":{"udp/53":{"idleTimeout":0}}}]""", "$[0].ports['udp/53'].idleTimeout", "1–86400")]
    [InlineData("""[{"id":"a","ports":{"default":{"targets":[]}}}]""", "$[0].ports['default'].targets", "at least one target")]
    [InlineData("""[{"id":"a","ports":{"default":{"targets":{"host":"a"}}}}]""", "$[0].ports['default'].targets", "list of targets")]
    [InlineData("""[{"id":"a","ports":{"default":{"targets":[{"port":1}]}}}]""", "$[0].ports['default'].targets[0].host", "is needed")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"targets":[{"host":"a"},{"host":"b","weigth":2}]}}}]""",
        "$[0].ports['default'].targets[1].weigth", "\"weight\"")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"targets":[{"host":"a:80"}]}}}]""", "$[0].ports['default'].targets[0].host", "without a port")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"targets":[{"host":"a","port":70000}]}}}]""", "$[0].ports['default'].targets[0].port", "1–65535")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"targets":[{"host":"a","weight":0},{"host":"b","weight":0}]}}}]""",
        "$[0].ports['default'].targets", "weight is not 0")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"targets":[{"host":"a"},{"host":"a"}]}}}]""", "$[0].ports['default'].targets[1].host",
        "raise its weight")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"targets":[{"host":"a"}],"targetHost":"b"}}}]""", "$[0].ports['default'].targetHost",
        "beside targets")]
    [InlineData("""[{"id":"a","ports":{"default":{"balance":"roundRobin"}}}]""", "$[0].ports['default'].balance", "\"leastConnections\"")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"healthCheck":{"interval":5}}}}]""", "$[0].ports['default'].healthCheck.type", "is needed")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"healthCheck":{"type":"ping"}}}}]""", "$[0].ports['default'].healthCheck.type", "\"https\"")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"healthCheck":{"type":"http","path":"health"}}}}]""", "$[0].ports['default'].healthCheck.path",
        "such as \"/health\"")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"healthCheck":{"type":"http","expectStatus":"2xx"}}}}]""",
        "$[0].ports['default'].healthCheck.expectStatus", "200-399")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"healthCheck":{"type":"tcp","send":"hex:0"}}}}]""", "$[0].ports['default'].healthCheck.send",
        "hex:0a0b0c")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"healthCheck":{"type":"tcp","path":"/"}}}}]""", "$[0].ports['default'].healthCheck.path",
        "http and https")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"healthCheck":{"type":"udp"}}}}]""", "$[0].ports['default'].healthCheck.send",
        "answers only what it is asked")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"breaker":{"openTimeout":0}}}}]""", "$[0].ports['default'].breaker.openTimeout", "1–3600")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"breaker":{"failureTreshold":3}}}}]""", "$[0].ports['default'].breaker.failureTreshold",
        "\"failureThreshold\"")]
    [InlineData("""[{"id":"a","ports":{"default":{"authorizeUrl":{"ttl":5}}}}]""", "$[0].ports['default'].authorizeUrl.url", "is needed")]
    [InlineData("""[{"id":"a","ports":{"default":{"authorizeUrl":7}}}]""", "$[0].ports['default'].authorizeUrl", "or the URL alone")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"authorizeUrl":"ftp://10.0.0.5/"}}}]""", "$[0].ports['default'].authorizeUrl.url",
        "http:// or https://")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"authorizeUrl":"/authorize"}}}]""", "$[0].ports['default'].authorizeUrl.url",
        "http:// or https://")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"authorizeUrl":"http://me:secret@10.0.0.5/"}}}]""", "$[0].ports['default'].authorizeUrl.url",
        "no user and password")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"authorizeUrl":{"url":"http://10.0.0.5/","ttl":86401}}}}]""",
        "$[0].ports['default'].authorizeUrl.ttl", "0–86400")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"authorizeUrl":{"url":"http://10.0.0.5/","timeout":0}}}}]""",
        "$[0].ports['default'].authorizeUrl.timeout", "1–30")]
    [InlineData(
        """[{"id":"a","targetAllowCidrs":["10.0.0.0/8"],"ports":{"default":{"authorizeUrl":"http://127.0.0.1:9000/"}}}]""",
        "$[0].ports['default'].authorizeUrl", "targetAllowCidrs")]
    [InlineData("""[{"id":"a","ports":{"default":{"tls":{}}}}]""", "$[0].ports['default'].tls.passthrough", "is needed")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"tls":{"passthrough":false}}}}]""", "$[0].ports['default'].tls.passthrough", "must be true")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"tls":{"passthrough":true,"minVersion":"1.3"}}}}]""", "$[0].ports['default'].tls.minVersion",
        "for certificates")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"tls":{"passthrough":true,"minVersion":"1.1"}}}}]""", "$[0].ports['default'].tls.minVersion",
        "\"1.3\"")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"upstreamTls":{"ca":"/none.pem"}}}}]""", "$[0].ports['default'].upstreamTls.ca",
        "does not exist")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"upstreamTls":{"clientCert":"/none.pem"}}}}]""", "$[0].ports['default'].upstreamTls.clientCert",
        "does not exist")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"upstreamTls":{"sni":"*.a.b"}}}}]""", "$[0].ports['default'].upstreamTls.sni",
        "host name in lower case")]
    [InlineData(
        """[{"id":"a","listenPorts":[443],"ports":{"tcp/443":{"upstreamTls":{},"tls":{"passthrough":true}}}}]""",
        "$[0].ports['tcp/443'].upstreamTls", "passthrough")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"tls":{"certificates":[]}}}}]""", "$[0].ports['default'].tls.certificates",
        "at least one certificate")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"tls":{"certificates":[{"keyPem":"/k"}]}}}}]""",
        "$[0].ports['default'].tls.certificates[0].certPem", "is needed")]
    [InlineData(
        """[{"id":"a","listenPorts":[443],"ports":{"tcp/443":{"tls":{"passthrough":true,"strictSni":true}}}}]""",
        "$[0].ports['tcp/443'].tls.strictSni", "without routes")]
    [InlineData(
        """[{"id":"a","listenPortsUdp":[443],"ports":{"udp/443":{"tls":{"passthrough":true}}}}]""", "$[0].ports['udp/443'].tls",
        "for TCP ports")]
    [InlineData("""[{"id":"a","ports":{"default":{"routes":[]}}}]""", "$[0].ports['default'].routes", "at least one route")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"routes":[{"targets":[{"host":"a"}]}]}}}]""", "$[0].ports['default'].routes[0].sni", "is needed")]
    [InlineData("""[{"id":"a","ports":{"default":{"routes":[{"sni":"a.b"}]}}}]""", "$[0].ports['default'].routes[0].targets", "is needed")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"routes":[{"sni":"WWW.a.b","targets":[{"host":"a"}]}]}}}]""",
        "$[0].ports['default'].routes[0].sni", "lower case")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"routes":[{"sni":"w*.a.b","targets":[{"host":"a"}]}]}}}]""",
        "$[0].ports['default'].routes[0].sni", "*.example.com")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"routes":[{"sni":"a.b","targets":[{"host":"a"}]},{"sni":"a.b","targets":[{"host":"b"}]}]}}}]""",
        "$[0].ports['default'].routes[1].sni", "$[0].ports['default'].routes[0]")]
    [InlineData(
        """[{"id":"a","listenPorts":[443],"ports":{"tcp/443":{"routes":[{"sni":"a.b","targets":[{"host":"a"}]}]}}}]""",
        "$[0].ports['tcp/443'].tls", "needed with routes")]
    [InlineData("""[{"id":"a","ports":{"default":{"panicThreshold":101}}}]""", "$[0].ports['default'].panicThreshold", "0–100")]
    [InlineData("""[{"id":"a","ports":{"default":{"allowCidrs":"10.0.0.0/8"}}}]""", "$[0].ports['default'].allowCidrs", "array")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"allowCidrs":["10.0.0.0/8","10.0.0.1/8"]}}}]""", "$[0].ports['default'].allowCidrs[1]",
        "10.0.0.0/8")]
    [InlineData("""[{"id":"a","ports":{"default":{"denyCidrs":[7]}}}]""", "$[0].ports['default'].denyCidrs[0]", "string")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"trustedProxies":["balancer"]}}}]""", "$[0].ports['default'].trustedProxies[0]", "192.0.2.7")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"acceptProxyProtocol":true}}}]""", "$[0].ports['default'].trustedProxies",
        "needed with acceptProxyProtocol")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"acceptProxyProtocol":"v2"}}}]""", "$[0].ports['default'].acceptProxyProtocol", "true or false")]
    [InlineData("""[{"id":"a","ports":{"default":{"bindAddress":"10.0.0.0/8"}}}]""", "$[0].ports['default'].bindAddress", "IP address")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"bindAddress":"10.1"}}}]""", "$[0].ports['default'].bindAddress", "without leading zeros")]
    [InlineData("""[{"id":"a","ports":{"default":{"maxConnections":-1}}}]""", "$[0].ports['default'].maxConnections", "0–1000000")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"maxConnectionsPerIp":1.5}}}]""", "$[0].ports['default'].maxConnectionsPerIp", "whole number")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"newConnectionsPerSecondPerIp":-5}}}]""", "$[0].ports['default'].newConnectionsPerSecondPerIp",
        "0–1000000")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"newConnectionsBurst":2000000}}}]""", "$[0].ports['default'].newConnectionsBurst", "0–1000000")]
    [InlineData("""[{"id":"a","ports":{"default":{"uploadRate":999}}}]""", "$[0].ports['default'].uploadRate", "1000–")]
    [InlineData("""[{"id":"a","ports":{"default":{"downloadRate":"1M"}}}]""", "$[0].ports['default'].downloadRate", "whole number")]
    [InlineData("""[{"id":"a","ports":{"default":{"logConnections":1}}}]""", "$[0].ports['default'].logConnections", "true or false")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"allowPrivateSources":"no"}}}]""", "$[0].ports['default'].allowPrivateSources", "true or false")]
    [InlineData(
        """[{"id":"a","listenPortsUdp":[53],"ports":{"udp/53":{"acceptProxyProtocol":true}}}]""",
        "$[0].ports['udp/53'].acceptProxyProtocol", "TCP")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"adaptive":{"minRate":9,"maxRate":8}}}}]""", "$[0].ports['default'].adaptive.minRate",
        "more than maxRate, which is 8")]
    [InlineData(
        """[{"id":"a","ports":{"default":{"adaptive":{"evaluationInterval":0}}}}]""", "$[0].ports['default'].adaptive.evaluationInterval",
        "1")]
    [InlineData(
        """[{"id":"a","listenPortsUdp":[53],"ports":{"udp/53":{"adaptive":{}}}}]""", "$[0].ports['udp/53'].adaptive", "for TCP ports")]
    [InlineData(
        """[{"id":"a","listenPorts":[53],"ports":{"tcp/53":{"amplificationGuard":true}}}]""", "$[0].ports['tcp/53'].amplificationGuard",
        "UDP")]
    [InlineData(
        """[{"id":"a","listenPortsUdp":[53],"ports":{"udp/53":{"proxyProtocol":"off"}}}]""", "$[0].ports['udp/53'].proxyProtocol",
        "there is udpProxyProtocol")]
    [InlineData(
        """[{"id":"a","listenPortsUdp":[53],"ports":{"udp/53":{"connectTimeout":5}}}]""", "$[0].ports['udp/53'].connectTimeout",
        "for TCP ports")]
    [InlineData(
        """[{"id":"a","listenPorts":[53],"ports":{"tcp/53":{"udpProxyProtocol":"off"}}}]""", "$[0].ports['tcp/53'].udpProxyProtocol",
        "there is proxyProtocol")]
    [InlineData("""[{"id":"a","ports":{"default":{"allowCidr":["10.0.0.0/8"]}}}]""", "$[0].ports['default'].allowCidr", "\"allowCidrs\"")]
    [InlineData("""[{"id":"a","ports":{"default":{"targetPrt":1}}}]""", "$[0].ports['default'].targetPrt", "\"targetPort\"")]
    [InlineData("""[{"id":"a","listenPort":[1]}]""", "$[0].listenPort", "\"listenPorts\"")]
    [InlineData("""[{"id":"a","secrt":"0123456789abcdef"}]""", "$[0].secrt", "\"secret\"")]
    public void One_mistake_is_one_fault_that_names_its_place_and_what_is_valid(string json, string path, string valid)
    {
        var fault = Assert.Single(TestEdges.Faults(json, maxEdges: 5));
        Assert.Equal(path, fault.Path);
        Assert.Contains(valid, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_faults_of_a_set_come_at_once()
    {
        var faults = TestEdges.Faults(
            """[{"id":"a","listenPort":[80],"secret":"x"},{"id":"b","listenPorts":[0,70000],"ports":{"tcp/1":{"targetPort":0}}},3]""");
        Assert.Equal(
            [
                "$[0].listenPort", "$[0].secret", "$[1].listenPorts[0]", "$[1].listenPorts[1]", "$[1].ports['tcp/1']",
                "$[1].ports['tcp/1'].targetPort", "$[2]"],
            faults.Select(fault => fault.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_fault_shows_a_secret()
    {
        const string secret = "do not show this";
        foreach (var member in (string[])["secret", "secrt", "id-and-secret"])
        {
            foreach (var value in (string[])[$"\"{secret}\"", $"[\"{secret}\"]", $"{{\"x\":\"{secret}\"}}"])
            {
                var faults = TestEdges.Faults($$"""[{"id":"a","{{member}}":{{value}}}]""");
                Assert.NotEmpty(faults);
                Assert.DoesNotContain("show", string.Join(' ', faults), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void A_secret_is_needed_only_where_there_is_none()
    {
        const string set = """[{"id":"old"},{"id":"new"}]""";
        Assert.Equal("$[1].secret", Assert.Single(TestEdges.Faults(set, id => id == "old")).Path);
    }

    [Fact]
    public void More_edges_than_allowed_are_a_fault_of_the_set() =>
        Assert.Equal("$", Assert.Single(TestEdges.Faults("""[{"id":"a"},{"id":"b"}]""", maxEdges: 1)).Path);

    [Fact]
    public void Thousands_of_faults_are_cut_short_and_counted()
    {
        var faults = TestEdges.Faults($"[{string.Join(',', Enumerable.Repeat("1", 5000))}]", maxEdges: 5000);
        Assert.InRange(faults.Length, 100, 300);
        Assert.Contains("4800 more", faults[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_complete_edge_is_valid_and_a_port_like_22_only_a_warning()
    {
        var edge = new EdgeDefinition
        {
            Id = "edge-nyc-01.a_b",
            Secret = TestEdges.Secret,
            ListenPorts = [22, new PortRange(8000, 8010)],
            ListenPortsUdp = [53],
            StunIntervalSecs = 300,
            Ports = EdgeDefinition.NoPorts.Add(
                "tcp/8005", new PortPolicyDefinition { TargetHost = "::1", TargetPort = 1, IdleTimeout = 0 }),
        };
        var faults = EdgeSetValidator.Validate([edge], _ => false, 1);
        Assert.True(faults.IsValid, string.Join(' ', faults.ErrorList));
        Assert.Equal("$[0].listenPorts[0]", Assert.Single(faults.WarningList).Path);
    }

    [Fact]
    public void Ports_are_valid_exactly_when_each_is_listed_once_and_they_are_not_too_many() =>
        Prop.ForAll<(ushort First, ushort More)[]>(pairs =>
        {
            PortRange[] ranges = [.. pairs.Select(pair => new PortRange(pair.First, pair.First + (pair.More / 8)))];
            var expanded = ranges.SelectMany(range => Enumerable.Range(range.First, range.Count)).ToList();
            var expected = expanded.All(port => port is >= 1 and <= 65535) && expanded.Distinct().Count() == expanded.Count
                && expanded.Count <= 16_384;
            return EdgeSetValidator.Validate([TestEdges.Edge("a", ranges)], _ => true, 1).IsValid == expected;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_policy_with_every_member_is_valid_and_is_written_and_read_the_same()
    {
        const string policy = """
            {"name":"web","enabled":true,"notes":"n","targetHost":"10.0.0.5","targetPort":8443,"proxyProtocol":"v2","udpProxyProtocol":"each","connectTimeout":5,
             "idleTimeout":60,"bindAddress":"203.0.113.1","acceptProxyProtocol":true,"trustedProxies":["10.0.0.5"],"allowCidrs":["192.0.2.0/24","2001:db8::/32"],
             "denyCidrs":["192.0.2.7"],"allowPrivateSources":false,"maxConnections":1000,"maxConnectionsPerIp":10,"newConnectionsPerSecondPerIp":5,
             "newConnectionsBurst":20,"adaptive":{"evaluationInterval":5,"latencyThresholdMs":200,"minRate":5,"maxRate":50},"uploadRate":1000000,"downloadRate":2000000,"logConnections":true}
            """;
        var json = $$"""[{"id":"a","listenPorts":[443],"ports":{"default":{{policy}} } }]""";
        Assert.Empty(TestEdges.Faults(json));

        using var document = JsonDocument.Parse(json);
        var edge = Assert.Single(new EdgeDefinitionReader(new FaultList()).ReadSet(document.RootElement, "$", 1));
        var again =
            JsonSerializer.Deserialize(JsonSerializer.Serialize(edge, EdgeJson.Default.EdgeDefinition), EdgeJson.Default.EdgeDefinition)!;
        Assert.Equal(edge.Ports["default"], again.Ports["default"]);
        using var written = JsonDocument.Parse(JsonSerializer.Serialize(edge, AdminJson.Default.EdgeDefinition));
        Assert.True(JsonElement.DeepEquals(document.RootElement[0].GetProperty("ports"), written.RootElement.GetProperty("ports")));
    }

    [Fact]
    public void Lists_of_all_ports_together_are_limited_since_the_edge_is_sent_them()
    {
        var list = string.Join(',', Enumerable.Repeat("\"10.0.0.1\"", 5000));
        var own = string.Join(',', Enumerable.Range(1, 5).Select(port => $$""" "tcp/{{port}}":{} """));
        string Json(string ports) => $$"""[{"id":"a","listenPorts":["1-900"],"ports":{"default":{"denyCidrs":[{{list}}]}{{ports}} } }]""";

        Assert.Empty(TestEdges.Faults(Json("")));
        Assert.Contains("at most 20000 CIDRs", Assert.Single(TestEdges.Faults(Json("," + own))).Message, StringComparison.Ordinal);
    }
}
