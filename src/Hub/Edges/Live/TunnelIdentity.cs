using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Edges.Live;

/// <summary>Which process of an edge a tunnel belongs to, as far as the edge has said.</summary>
/// <param name="Instance">The process; empty for a base peer or before HELLO.</param>
/// <param name="Supersedes">The process that it takes over from, or null.</param>
/// <param name="TakesOver">Whether its operator lets it take the id from whichever process has it.</param>
internal sealed record TunnelIdentity(string Instance, string? Supersedes, bool TakesOver = false)
{
    /// <summary>The identity of a peer that has said nothing.</summary>
    public static TunnelIdentity Unknown { get; } = new("", null);

    public bool IsKnown => Instance.Length > 0;

    public static TunnelIdentity Of(Hello hello) => new(hello.Instance, hello.Supersedes, hello.TakeOver == true);
}
