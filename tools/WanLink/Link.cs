namespace Tunnel.Tools.WanLink;

/// <summary>Two namespaces and the two directions between them.</summary>
internal sealed class Link : IDisposable
{
    private readonly NetworkNamespace[] _places;
    private readonly TunDevice[] _devices;
    private readonly Direction[] _directions;

    private Link(NetworkNamespace[] places, TunDevice[] devices, int seed)
    {
        _places = places;
        _devices = devices;
        _directions =
        [
            new Direction(places[0].Name, devices[0], devices[1], seed),
            new Direction(places[1].Name, devices[1], devices[0], seed + 1),
        ];
        _directions[0].Pair(_directions[1]);
        _directions[1].Pair(_directions[0]);
    }

    /// <summary>Makes the namespaces that are not there, and a device in each.</summary>
    public static Link Create(IEnumerable<string> ends, int mtu, int seed)
    {
        var places = new List<NetworkNamespace>();
        var devices = new List<TunDevice>();
        try
        {
            foreach (var end in ends)
            {
                places.Add(NetworkNamespace.Open(end));
                devices.Add(TunDevice.Create(places[^1]));
                places[^1].Configure(mtu);
            }

            return new Link([.. places], [.. devices], seed);
        }
        catch
        {
            devices.ForEach(static device => device.Dispose());
            places.ForEach(static place => place.Dispose());
            throw;
        }
    }

    public void Start() => Array.ForEach(_directions, static direction => direction.Start());

    /// <summary>Changes a setting of one direction (that of the packets which the named end sends) or of both.</summary>
    /// <param name="words">The setting as [END] NAME VALUE.</param>
    /// <exception cref="FormatException">This is no setting; the message says what would be one.</exception>
    public void Apply(string[] words)
    {
        var chosen = words.Length == 3 ? Array.FindAll(_directions, direction => direction.Name == words[0]) : _directions;
        if (words.Length is < 2 or > 3 || chosen.Length == 0)
        {
            throw new FormatException(
                $"'{string.Join(' ', words)}' is not [{string.Join('|', _directions.Select(static direction => direction.Name))}] and "
                    + $"one of: {SettingParser.Help}");
        }

        // All words are parsed before anything is changed, so that an error changes nothing.
        var changed = chosen.Select(direction => SettingParser.Apply(direction.Settings, words[^2], words[^1])).ToArray();
        for (var i = 0; i < chosen.Length; i++)
            chosen[i].Settings = changed[i];
    }

    /// <summary>Returns a line for each direction.</summary>
    public IEnumerable<string> Statistics() => _directions.Select(static direction => $"{direction.Name} sent {direction.Counters}");

    public void Dispose()
    {
        Array.ForEach(_directions, static direction => direction.Stop());
        Array.ForEach(_devices, static device => device.Dispose());
        Array.ForEach(_places, static place => place.Dispose());
    }
}
