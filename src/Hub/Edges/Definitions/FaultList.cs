using System.Collections.Immutable;
using System.Text.Json;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Collects what is wrong, so that an operator hears of everything at once.</summary>
internal sealed class FaultList
{
    // A set of 10,000 edges that are all wrong is one mistake made 10,000 times; the answer stays readable.
    private const int MaxFaults = 200;
    private const int MaxValueLength = 80;

    private readonly ImmutableArray<EdgeFault>.Builder _faults = ImmutableArray.CreateBuilder<EdgeFault>();
    private int _dropped;

    public bool IsEmpty => _faults.Count == 0;

    /// <summary>More are only counted: what costs much to describe need not be.</summary>
    public bool IsFull => _faults.Count >= MaxFaults;

    public void Add(string path, string value, string message)
    {
        if (IsFull)
            _dropped++;
        else
            _faults.Add(new EdgeFault(path, Shorten(value), message));
    }

    public void Add(string path, JsonElement value, string message) => Add(path, IsFull ? "" : value.GetRawText(), message);

    public void AddText(string path, string value, string message) => Add(path, Quote(value), message);

    public ImmutableArray<EdgeFault> ToImmutable() =>
        _dropped == 0 ? _faults.ToImmutable() : [.. _faults, new EdgeFault("$", "…", $"and {_dropped} more faults like these")];

    private static string Quote(string value) => $"\"{JsonEncodedText.Encode(Cut(value), EdgeJson.Encoder)}\"";

    private static string Shorten(string value) => value.Length <= MaxValueLength ? value : Cut(value) + "…";

    private static string Cut(string value) => value.Length <= MaxValueLength ? value : value[..MaxValueLength];
}
