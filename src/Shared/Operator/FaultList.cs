using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tunnel.Shared.Text;

namespace Tunnel.Shared.Operator;

/// <summary>Collects faults, so that an operator learns of everything at once.</summary>
/// <remarks>
/// A set of 10,000 edges that are all wrong is one mistake made 10,000 times, so a bounded number is kept and the answer stays readable.
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

    /// <summary>Creates a list for what an operator wrote: 200 faults, values of 80 characters.</summary>
    public FaultList()
        : this(maxFaults: 200, maxValue: 80, asciiOnly: false)
    {
    }

    /// <summary>
    /// Creates a list for what a peer may have written and what goes to logs and onto the wire: 100 faults, values of 60 printable ASCII
    /// characters.
    /// </summary>
    public static FaultList ForPeers() => new(maxFaults: 100, maxValue: 60, asciiOnly: true);

    /// <summary>Whether nothing was found wrong.</summary>
    public bool IsEmpty => _faults.Count == 0;

    /// <summary>Whether the list is full. Further faults are only counted, so they need not be described.</summary>
    public bool IsFull => _faults.Count >= _maxFaults;

    /// <summary>Adds a fault.</summary>
    /// <param name="path">The place of the fault.</param>
    /// <param name="value">The value found there, or a text in its stead.</param>
    /// <param name="message">What would be valid.</param>
    public void Add(string path, string value, string message)
    {
        if (IsFull)
            _dropped++;
        else
            _faults.Add(new Fault(path, Shorten(value), message));
    }

    /// <summary>Adds a fault about a value, which is shown as it was written.</summary>
    /// <inheritdoc cref="Add(string, string, string)"/>
    public void Add(string path, JsonElement value, string message) => Add(path, IsFull ? "" : value.GetRawText(), message);

    /// <summary>Adds a fault about a text, which is shown in quotes.</summary>
    /// <inheritdoc cref="Add(string, string, string)"/>
    public void AddText(string path, string value, string message) => Add(path, Quote(value), message);

    /// <summary>Adds the faults of a part that was read separately.</summary>
    public void AddRange(ImmutableArray<Fault> faults)
    {
        foreach (var fault in faults)
            Add(fault.Path, fault.Value, fault.Message);
    }

    /// <summary>Returns the faults that were kept, and how many more there were.</summary>
    public ImmutableArray<Fault> ToImmutable() =>
        _dropped == 0
            ? _faults.ToImmutable()
            : [.. _faults, new Fault("$", "…", $"and {CountText.Of(_dropped, "more fault")} like these")];

    // The text stays readable, since nothing here is ever put into HTML.
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
