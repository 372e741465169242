using System.Globalization;
using Tunnel.Edge.Configuration;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Whose a table is. A chain without rules carries it as its name; whatever touches the table touches that chain first, so that a process
/// whose table was taken over can't harm its successor's, and no edge that of another one.
/// </summary>
/// <param name="Identity">Which edge of this machine, the same after a restart: see <see cref="EdgeIdentity"/>.</param>
/// <param name="Generation">Of the processes of that edge; a successor's is higher.</param>
/// <param name="Instance">The process start, 32 hexadecimal digits.</param>
internal sealed record NftOwner(string Identity, long Generation, string Instance)
{
    private const string Prefix = "owner";

    /// <summary>The chain's name.</summary>
    public string Chain => $"{Prefix}_{Identity}_{Generation}_{Instance}";

    /// <summary>The owner that a chain names; null when it is another chain, or of an edge that wrote it otherwise.</summary>
    public static NftOwner? Parse(string chain) =>
        chain.Split('_') is [Prefix, var identity, var number, var instance]
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var generation)
            ? new NftOwner(identity, generation, instance)
            : null;
}
