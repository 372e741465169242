using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.Hub.Admin;

/// <summary>Makes connection tokens: where the hub is, what its certificate is, and the edge's secret.</summary>
/// <param name="hub">The running hub.</param>
/// <param name="publicHost">Gives the setting of that name, or null.</param>
internal sealed class TokenIssuer(IAdministeredHub hub, Func<string?> publicHost)
{
    /// <summary>Where and how edges shall connect.</summary>
    /// <param name="asked">The host that the request names, or null for the setting.</param>
    /// <param name="transport">The transport that it names, or null to leave that to the edge.</param>
    /// <param name="transportPath">Where the request has it.</param>
    /// <exception cref="ProblemException">Neither names a host, or something is not valid. To be found out before anything is
    /// changed.</exception>
    public TokenTarget Target(string? asked, string? transport, string transportPath = "$.transport")
    {
        TransportMode? mode = transport is null ? null
            : TransportModes.Words.TryGetValue(transport, out var known) ? known
            : throw new ProblemException(Problem.Invalid(transportPath, transport, $"must be one of {TransportModes.Valid}"));
        var text = asked ?? publicHost() ?? throw new ProblemException(Problem.Invalid(
            "$.host",
            "(missing)",
            "is needed for a token: name the hub's public host with --host HOST[:PORT] (in the API: host), or set publicHost in the "
                + "hub's configuration"));
        if (!HostSyntax.TryParseHostAndPort(text, out var host, out var port))
            throw new ProblemException(Problem.Invalid("$.host", text, HostSyntax.FaultOfHost(text, HostSyntax.ValidHostAndPort)));
        var tunnelPort = port ?? hub.GetStatus().TunnelPort;
        if (tunnelPort == 0)
            throw new ProblemException(
                new Problem
                {
                    Status = StatusCodes.Status503ServiceUnavailable,
                    Detail = "The hub is starting and has no tunnel port "
                + "yet. Ask again."
                });
        return new TokenTarget(host, tunnelPort, mode);
    }

    public string Issue(TokenTarget target, string edgeId, string secret)
    {
        var certificate = hub.GetCertificate();
        // One that is first used after the switch is to be good then.
        return new ConnectionToken(
            target.Host, target.Port, edgeId, secret, certificate.NextPin is { } next ? [certificate.Pin, next] : [certificate.Pin])
        {
            Transport = target.Transport,
        }.Encode();
    }
}

/// <summary>Where a token sends its edge, and over what; null leaves that to the edge.</summary>
internal sealed record TokenTarget(string Host, int Port, TransportMode? Transport);
