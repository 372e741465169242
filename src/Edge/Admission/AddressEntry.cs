namespace Tunnel.Edge.Admission;

/// <summary>What a port knows of one IPv4 address or IPv6 /64. Used by <see cref="AddressTable"/> alone.</summary>
internal sealed class AddressEntry
{
    public AddressEntry(UInt128 key)
    {
        Key = key;
        Node = new LinkedListNode<AddressEntry>(this);
    }

    public UInt128 Key { get; }

    /// <summary>Its place among those without connections.</summary>
    public LinkedListNode<AddressEntry> Node { get; }

    /// <summary>Connections or sessions open now.</summary>
    public int Active { get; set; }

    /// <summary>New connections that it may make at once, as of <see cref="Refilled"/>.</summary>
    public double Tokens { get; set; }

    /// <summary>When <see cref="Tokens"/> was last computed; 0 before the first time.</summary>
    public long Refilled { get; set; }
}
