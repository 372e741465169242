using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Status;

namespace Tunnel.Hub;

/// <summary>The address at which the hub will be found: kept over restarts, and told to every edge.</summary>
internal sealed class AnnouncedAddress
{
    private readonly Lock _lock = new();
    private readonly HubAddressFile _file;
    private readonly EdgeStore _edges;
    private readonly ConfigPusher _configs;
    private volatile string? _address;

    /// <summary>Announces what was kept.</summary>
    public AnnouncedAddress(HubAddressFile file, EdgeStore edges, ConfigPusher configs)
    {
        _file = file;
        _edges = edges;
        _configs = configs;
        _address = file.Load();
        configs.AnnounceAddress(_address);
    }

    /// <summary>Describes the address and the edges that have not confirmed it.</summary>
    public HubAddressStatus Describe() =>
        new(_address, _address is { } address ? UntoldEdges.Without(_edges, id => _configs.KnowsAddress(id, address)) : []);

    /// <summary>Keeps an address and tells it to the edges; null: nothing is announced any more.</summary>
    public HubAddressStatus Announce(string? address)
    {
        lock (_lock)
        {
            _file.Save(address);
            _address = address;
            _configs.AnnounceAddress(address);
        }

        return Describe();
    }
}
