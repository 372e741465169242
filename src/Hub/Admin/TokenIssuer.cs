using Tunnel.Hub.Edges;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.Hub.Admin;

/// <summary>Makes connection tokens: where the hub is, what its certificate is, and the edge's secret.</summary>
/// <param name="hub">The running hub.</param>
/// <param name="publicHost">Gives the setting of that name, or null.</param>
internal sealed class TokenIssuer(IAdministeredHub hub, Func<string?> publicHost)
{
    /// <summary>Where edges shall connect to.</summary>
    /// <param name="asked">What the request names, or null for the setting.</param>
    /// <exception cref="ProblemException">Neither names a host, or not one that is valid. To be found out before anything is changed.</exception>
    public (string Host, int Port) Address(string? asked)
    {
        var text = asked ?? publicHost() ?? throw new ProblemException(Problem.Invalid(
            "$.host",
            "(missing)",
            "is needed for a token: name the hub's public host with --host HOST[:PORT] (in the API: host), or set publicHost in the hub's configuration"));
        if (!HostSyntax.TryParseHostAndPort(text, out var host, out var port))
            throw new ProblemException(Problem.Invalid("$.host", text, "must be a host name or an IP address, with or without a port: hub.example.com or hub.example.com:8443"));
        return (host, port ?? hub.GetStatus().TunnelPort);
    }

    public string Issue((string Host, int Port) address, string edgeId, string secret) =>
        new ConnectionToken(address.Host, address.Port, edgeId, secret, [hub.CertificatePin]).Encode();
}
