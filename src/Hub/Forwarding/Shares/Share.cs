namespace Tunnel.Hub.Forwarding.Shares;

/// <summary>The sessions of one edge.</summary>
internal sealed class EdgeShare(string edgeId) : Ranked<EdgeShare>
{
    public string EdgeId => edgeId;

    public Dictionary<int, PortShare> Ports { get; } = [];

    public Ranking<PortShare> Ranking { get; } = new();
}

/// <summary>The sessions of one port.</summary>
internal sealed class PortShare(EdgeShare edge, int number) : Ranked<PortShare>
{
    public EdgeShare Edge => edge;

    public int Number => number;

    public Dictionary<UInt128, AddressShare> Addresses { get; } = [];

    public Ranking<AddressShare> Ranking { get; } = new();

    public SessionQueue OneWay { get; } = new(ofPort: true);

    public SessionQueue TwoWay { get; } = new(ofPort: true);

    public SessionQueue QueueOf(SharedSession session) => session.IsOneWay ? OneWay : TwoWay;
}

/// <summary>The sessions of one IPv4 address or IPv6 /64.</summary>
internal sealed class AddressShare(PortShare port, UInt128 prefix) : Ranked<AddressShare>
{
    public PortShare Port => port;

    public UInt128 Prefix => prefix;

    public SessionQueue Sessions { get; } = new(ofPort: false);
}
