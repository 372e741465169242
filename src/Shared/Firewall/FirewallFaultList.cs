using System.Collections.Immutable;
using System.Text.Json;

namespace Tunnel.Shared.Firewall;

/// <summary>Collects faults; a bounded number, since one mistake may have been made ten thousand times.</summary>
internal sealed class FirewallFaultList
{
    private const int MaxFaults = 100;
    private const int MaxValue = 60;

    private readonly ImmutableArray<FirewallFault>.Builder _faults = ImmutableArray.CreateBuilder<FirewallFault>();
    private int _dropped;

    public void Add(string path, JsonElement value, string message) => Add(path, Show(value), message);

    public void Add(string path, string value, string message)
    {
        if (_faults.Count < MaxFaults)
            _faults.Add(new FirewallFault(path, value, message));
        else
            _dropped++;
    }

    public ImmutableArray<FirewallFault> ToImmutable() =>
        _dropped == 0 ? _faults.ToImmutable() : [.. _faults, new FirewallFault("$", "…", $"and {_dropped} more faults like these")];

    private static string Show(JsonElement value)
    {
        var raw = value.GetRawText();
        var printable = string.Create(Math.Min(raw.Length, MaxValue), raw, static (span, text) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = text[i] is >= ' ' and < '\x7F' ? text[i] : '?';
        });
        return raw.Length > MaxValue ? printable + "…" : printable;
    }
}
