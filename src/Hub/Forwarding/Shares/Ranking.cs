namespace Tunnel.Hub.Forwarding.Shares;

/// <summary>A member of a <see cref="Ranking{T}"/>.</summary>
internal abstract class Ranked<T>
    where T : Ranked<T>
{
    /// <summary>The number of its sessions.</summary>
    public int Weight { get; set; }

    public T? Previous { get; set; }

    public T? Next { get; set; }
}

/// <summary>
/// Sorts members by their weight, which changes by one at a time: the heaviest member is known at once, and a change takes a few
/// assignments. The caller locks.
/// </summary>
internal sealed class Ranking<T>
    where T : Ranked<T>
{
    // The first member of each weight; members of weight 0 are not here.
    private readonly List<T?> _first = [null];
    private int _most;

    /// <summary>The member with the highest weight; of several, the one that reached it last.</summary>
    public T? Most => _first[_most];

    /// <summary>Adds one to a member's weight.</summary>
    public void Raise(T member)
    {
        Unlink(member);
        member.Weight++;
        Link(member);
    }

    /// <summary>Subtracts one from a member's weight.</summary>
    public void Lower(T member)
    {
        Unlink(member);
        member.Weight--;
        Link(member);
        while (_most > 0 && _first[_most] is null)
            _most--;
    }

    private void Link(T member)
    {
        if (member.Weight == 0)
            return;
        if (member.Weight == _first.Count)
            _first.Add(null);
        member.Next = _first[member.Weight];
        if (member.Next is not null)
            member.Next.Previous = member;
        _first[member.Weight] = member;
        _most = Math.Max(_most, member.Weight);
    }

    private void Unlink(T member)
    {
        if (member.Weight == 0)
            return;
        if (member.Previous is { } previous)
            previous.Next = member.Next;
        else
            _first[member.Weight] = member.Next;
        if (member.Next is { } next)
            next.Previous = member.Previous;
        member.Previous = member.Next = null;
    }
}
