using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tunnel.Shared.Operator;

/// <summary>Collects what is wrong, so that an operator hears of everything at once.</summary>
/// <remarks>
/// A set of 10,000 edges that are all wrong is one mistake made 10,000 times: a bounded number is kept, so that the answer stays readable.
/// </remarks>
public sealed class FaultList
{
    private readonly ImmutableArray<Fault>.Builder _faults = ImmutableArray.CreateBuilder<Fault>();
    private readonly int _maxFaults;
    private readonly int _maxValue;
    private readonly bool _asciiOnly;
    private int _dropped;

    private FaultList(int maxFaults, int maxValue, bool asciiOnly) =>
        (_maxFaults, _maxValue, _asciiOnly) = (maxFaults, maxValue, asciiOnly);

    /// <summary>For what an operator wrote: 200 faults, values of 80 characters.</summary>
    public FaultList()
        : this(maxFaults: 200, maxValue: 80, asciiOnly: false)
    {
    }

    /// <summary>
    /// For what a peer may have written, and what ends in logs and on the wire: 100 faults, values of 60 printable ASCII characters.
    /// </summary>
    public static FaultList ForPeers() => new(maxFaults: 100, maxValue: 60, asciiOnly: true);

    /// <summary>Whether nothing was found wrong.</summary>
    public bool IsEmpty => _faults.Count == 0;

    /// <summary>More are only counted: what costs much to describe need not be.</summary>
    public bool IsFull => _faults.Count >= _maxFaults;

    /// <summary>Adds a fault.</summary>
    /// <param name="path">Where.</param>
    /// <param name="value">What stands there, or what is said of it.</param>
    /// <param name="message">What would be valid.</param>
    public void Add(string path, string value, string message)
    {
        if (IsFull)
            _dropped++;
        else
            _faults.Add(new Fault(path, Shorten(value), message));
    }

    /// <summary>Adds a fault of a value, which is shown as it was written.</summary>
    /// <inheritdoc cref="Add(string, string, string)"/>
    public void Add(string path, JsonElement value, string message) => Add(path, IsFull ? "" : value.GetRawText(), message);

    /// <summary>Adds a fault of a text, which is shown in quotes.</summary>
    /// <inheritdoc cref="Add(string, string, string)"/>
    public void AddText(string path, string value, string message) => Add(path, Quote(value), message);

    /// <summary>Adds the faults of a part that was read apart.</summary>
    public void AddRange(ImmutableArray<Fault> faults)
    {
        foreach (var fault in faults)
            Add(fault.Path, fault.Value, fault.Message);
    }

    /// <summary>All that are kept, and how many more there were.</summary>
    public ImmutableArray<Fault> ToImmutable() =>
        _dropped == 0 ? _faults.ToImmutable() : [.. _faults, new Fault("$", "…", $"and {_dropped} more faults like these")];

    // Readable: nothing here is ever put into HTML.
    private string Quote(string value) => $"\"{JsonEncodedText.Encode(Cut(value), JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    private string Shorten(string value)
    {
        var shown = _asciiOnly ? ToAscii(Cut(value)) : Cut(value);
        return value.Length <= _maxValue ? shown : shown + "…";
    }

    private string Cut(string value) => value.Length <= _maxValue ? value : value[.._maxValue];

    private static string ToAscii(string value) => string.Create(value.Length, value, static (span, text) =>
    {
        for (var i = 0; i < span.Length; i++)
            span[i] = text[i] is (>= ' ' and < '\x7F') or '…' ? text[i] : '?';
    });
}
