using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.Hub.Admin;

/// <summary>Makes connection tokens, which hold the hub's address, its certificate's pins and the edge's secret.</summary>
/// <param name="hub">The running hub.</param>
/// <param name="publicHost">Returns the setting of that name, or null.</param>
internal sealed class TokenIssuer(IAdministeredHub hub, Func<string?> publicHost)
{
    /// <summary>Determines where and how edges shall connect.</summary>
    /// <param name="asked">The host that the request names; null: the setting.</param>
    /// <param name="transport">The transport that the request names; null leaves it to the edge.</param>
    /// <param name="transportPath">The JSON path of the transport in the request.</param>
    /// <param name="dial">Where the hub dials the edge; null when the edge dials.</param>
    /// <exception cref="ProblemException">Neither names a host, or a value is not valid. Call this before anything is
    /// changed.</exception>
    public TokenTarget Target(string? asked, string? transport, string transportPath = "$.transport", DialTarget? dial = null)
    {
        TransportMode? mode = transport is null ? null
            : TransportModes.Words.TryGetValue(transport, out var known) ? known
            : throw new ProblemException(Problem.Invalid(transportPath, transport, $"must be one of {TransportModes.Valid}"));
        if (dial is not null)
        {
            return mode is null or TransportMode.TcpTls
                ? new TokenTarget(dial.Host, dial.Port, mode) { HubDials = true }
                : throw new ProblemException(Problem.Invalid(
                    transportPath, transport!, $"is for edges that dial; where the hub dials there is only {TransportMode.TcpTls.Word()}"));
        }

        var text = asked ?? publicHost() ?? throw new ProblemException(Problem.Invalid(
            "$.host",
            "(missing)",
            "is needed for a token: name the hub's public host, HOST[:PORT], or set publicHost in the hub's configuration"));
        if (!HostSyntax.TryParseHostAndPort(text, out var host, out var port))
            throw new ProblemException(Problem.Invalid("$.host", text, HostSyntax.FaultOfHost(text, HostSyntax.ValidHostAndPort)));
        var tunnelPort = port ?? hub.GetStatus().TunnelPort;
        if (tunnelPort == 0)
        {
            throw new ProblemException(
                new Problem
                {
                    Status = StatusCodes.Status503ServiceUnavailable,
                    Detail = "The hub is starting and has no tunnel port "
                + "yet. Ask again."
                });
        }

        return new TokenTarget(host, tunnelPort, mode);
    }

    public string Issue(TokenTarget target, string edgeId, string secret)
    {
        var certificate = hub.GetCertificate();
        // A token that is first used after the switch of certificates must still work.
        return new ConnectionToken(
            target.Host, target.Port, edgeId, secret, certificate.NextPin is { } next ? [certificate.Pin, next] : [certificate.Pin])
        {
            Transport = target.Transport,
            HubDials = target.HubDials,
            FurtherHubs = target.HubDials ? [] : hub.FurtherHubs,
        }.Encode();
    }
}

/// <summary>Where a token sends its edge, and over which transport; null leaves that to the edge.</summary>
internal sealed record TokenTarget(string Host, int Port, TransportMode? Transport)
{
    /// <summary>True: the hub dials, and host and port are the edge's own.</summary>
    public bool HubDials { get; init; }
}
