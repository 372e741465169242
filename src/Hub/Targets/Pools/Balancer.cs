using System.Net;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Targets.Pools;

/// <summary>Chooses one of several members. Used under the pool's lock.</summary>
internal sealed class Balancer(Random random)
{
    /// <summary>Returns the member for a new client.</summary>
    /// <param name="balance">How to choose.</param>
    /// <param name="members">The members that can be used, at least one, each with a weight.</param>
    /// <param name="source">The client's address; null when not known.</param>
    public PoolMember Choose(Balance balance, List<PoolMember> members, IPAddress? source)
    {
        if (members.Count == 1)
            return members[0];
        return balance switch
        {
            Balance.LeastConnections => LeastBusy(members),
            Balance.SourceHash when source is not null => BySource(members, source),
            Balance.SourceHash => Draw(members, null),
            Balance.Random2 => LessBusyOfTwo(members),
            _ => InTurn(members),
        };
    }

    // This works as nginx does it: each gains its weight, the richest is taken and pays for all. The heavy ones come often, but not in a
    // row.
    private static PoolMember InTurn(List<PoolMember> members)
    {
        var (best, sum) = (members[0], 0L);
        foreach (var member in members)
        {
            member.Credit += member.Weight;
            sum += member.Weight;
            if (member.Credit > best.Credit)
                best = member;
        }

        best.Credit -= sum;
        return best;
    }

    // Among equals it goes on in turn, so that the first in the list does not get every client of a quiet port.
    private static PoolMember LeastBusy(List<PoolMember> members)
    {
        var least = members.Min(Load);
        return InTurn([.. members.Where(member => Load(member) <= least)]);
    }

    private PoolMember LessBusyOfTwo(List<PoolMember> members)
    {
        var one = Draw(members, null);
        var other = Draw(members, one);
        return Load(other) < Load(one) ? other : one;
    }

    // Weighted rendezvous hashing: each member draws a lot for the client, and the best one wins. A member that goes takes only its own
    // clients with it, and one that comes gets only its share.
    private static PoolMember BySource(List<PoolMember> members, IPAddress source)
    {
        var client = AddressNumber.ClientPrefixOf(AddressNumber.Of(source));
        var key = AddressHash.Of(client, 0);
        var (best, least) = (members[0], double.PositiveInfinity);
        foreach (var member in members)
        {
            var lot = -Math.Log(AddressHash.Fraction(member.Hash, key)) / member.Weight;
            if (lot < least)
                (best, least) = (member, lot);
        }

        return best;
    }

    private PoolMember Draw(List<PoolMember> members, PoolMember? without)
    {
        var left = random.NextInt64(members.Sum(member => member == without ? 0L : member.Weight));
        foreach (var member in members)
        {
            if (member != without && (left -= member.Weight) < 0)
                return member;
        }

        return members[^1];
    }

    private static double Load(PoolMember member) => (member.Active + 1.0) / member.Weight;
}
