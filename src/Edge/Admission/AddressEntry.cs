namespace Tunnel.Edge.Admission;

/// <summary>A port's knowledge about one IPv4 address or IPv6 /64. Only <see cref="AddressTable"/> uses it.</summary>
internal sealed class AddressEntry
{
    private RateBucket _rate;

    public AddressEntry(UInt128 key)
    {
        Key = key;
        Node = new LinkedListNode<AddressEntry>(this);
    }

    public UInt128 Key { get; }

    /// <summary>The entry's place in the list of addresses without connections.</summary>
    public LinkedListNode<AddressEntry> Node { get; }

    /// <summary>How many connections or sessions are open now.</summary>
    public int Active { get; set; }

    /// <summary>How many new connections the address may make now.</summary>
    public ref RateBucket Rate => ref _rate;
}
