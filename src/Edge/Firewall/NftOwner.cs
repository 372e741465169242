using System.Globalization;
using Tunnel.Edge.Configuration;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// The owner of a table. A chain without rules carries the owner as its name, and every change of the table touches that chain first. So a
/// process whose table was taken over can't harm its successor's table, and no edge can harm another edge's.
/// </summary>
/// <param name="Identity">Which edge of this machine it is, the same after a restart: see <see cref="EdgeIdentity"/>.</param>
/// <param name="Generation">The number of the process among those of the edge; a successor's is higher.</param>
/// <param name="Instance">The process start, 32 hexadecimal digits.</param>
internal sealed record NftOwner(string Identity, long Generation, string Instance)
{
    private const string Prefix = "owner";

    /// <summary>The chain's name.</summary>
    public string Chain => $"{Prefix}_{Identity}_{Generation}_{Instance}";

    /// <summary>Returns the owner that a chain names; null when it is another chain, or an edge wrote it in another form.</summary>
    public static NftOwner? Parse(string chain) =>
        chain.Split('_') is [Prefix, var identity, var number, var instance]
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var generation)
            ? new NftOwner(identity, generation, instance)
            : null;
}
