namespace Tunnel.Shared.Protocol.Scheduling;

/// <summary>
/// An item that the scheduler orders: a stream, a UDP session, or the tunnel itself. The links are part of the node, so queueing allocates
/// nothing, and a queue can't hold more entries than there are nodes.
/// </summary>
public abstract class SchedulerNode
{
    internal SchedulerNode? NextControl;
    internal bool InControl;

    internal NodeList? List;
    internal SchedulerNode? Next;
    internal SchedulerNode? Previous;
    internal int Deficit;
    internal long LeftInRound = -1;

    /// <summary>Whether this node has data that waits to be chosen.</summary>
    public bool IsReady => List is not null;

    /// <summary>Whether the node belongs to the sustained tier. A change takes effect when the node is next enqueued.</summary>
    public bool Sustained { get; set; }
}

/// <summary>A linked list whose links are in its nodes.</summary>
internal sealed class NodeList
{
    public SchedulerNode? First { get; private set; }

    public SchedulerNode? Last { get; private set; }

    public int Count { get; private set; }

    public void AddLast(SchedulerNode node)
    {
        node.List = this;
        node.Next = null;
        node.Previous = Last;
        if (Last is null)
            First = node;
        else
            Last.Next = node;
        Last = node;
        Count++;
    }

    public void Remove(SchedulerNode node)
    {
        if (node.Previous is null)
            First = node.Next;
        else
            node.Previous.Next = node.Next;
        if (node.Next is null)
            Last = node.Previous;
        else
            node.Next.Previous = node.Previous;
        node.List = null;
        node.Next = node.Previous = null;
        Count--;
    }
}
