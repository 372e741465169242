using System.Buffers.Text;
using System.Collections.Immutable;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Protocol.Tokens;

/// <summary>A further hub of an edge (protocol.md section 7): where it is, and by which certificate the edge knows it.</summary>
/// <param name="Host">Its host name or address.</param>
/// <param name="Port">Its tunnel port, 1–65535.</param>
/// <param name="Pins">Pins of its certificate; empty: those of the first hub.</param>
public sealed record HubAddress(string Host, int Port, ImmutableArray<string> Pins)
{
    /// <summary>The most hubs that an edge may have beside its first.</summary>
    public const int MaxFurther = 7;

    internal const int PinBytes = 32;

    /// <summary>The forms that an operator may write.</summary>
    public const string Valid = "must be HOST, HOST:PORT or [IPV6]:PORT, and behind it #PIN where its certificate is another one: 43 "
        + "characters of base64url, as `tunnel-hub token decode` shows";

    /// <summary>
    /// Reads hubs, separated by commas: <c>HOST</c>, <c>HOST:PORT</c> or <c>[IPV6]:PORT</c>, each with <c>#PIN</c> behind it, or several,
    /// where its certificate is another one than the first hub's.
    /// </summary>
    /// <param name="text">What an operator wrote.</param>
    /// <param name="port">The port of those without one.</param>
    /// <param name="hubs">The hubs that could be read.</param>
    /// <returns>What is wrong, each fault with the part that it is about; empty when nothing is.</returns>
    public static ImmutableArray<(string Part, string Fault)> ParseList(string text, int port, out ImmutableArray<HubAddress> hubs)
    {
        var (read, faults) = (ImmutableArray.CreateBuilder<HubAddress>(), ImmutableArray.CreateBuilder<(string, string)>());
        foreach (var word in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = word.Split('#');
            if (HostSyntax.TryParseHostAndPort(parts[0], out var host, out var own) && parts[1..].All(IsPin))
                read.Add(new HubAddress(host, own ?? port, [.. parts[1..]]));
            else
                faults.Add((word, HostSyntax.FaultOfHost(parts[0], Valid)));
        }

        if (read.Count > MaxFurther)
            faults.Add(($"{read.Count} hubs", $"must be at most {MaxFurther}"));
        if (read.Select(static hub => hub.ToString()).Distinct(StringComparer.OrdinalIgnoreCase).Count() < read.Count)
            faults.Add((text, "must not have a hub twice"));
        hubs = read.DrainToImmutable();
        return faults.DrainToImmutable();
    }

    /// <summary>Whether this is a pin: base64url of 32 bytes.</summary>
    internal static bool IsPin(string pin) => pin.Length == 43 && Base64Url.IsValid(pin, out var bytes) && bytes == PinBytes;

    /// <summary>Writes <c>HOST:PORT</c>, with brackets around an IPv6 address.</summary>
    public override string ToString() => HostSyntax.Format(Host, Port);

    /// <summary>Compares by value, including the pins.</summary>
    public bool Equals(HubAddress? other) =>
        other is not null && (Host, Port) == (other.Host, other.Port) && Pins.AsSpan().SequenceEqual(other.Pins.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Host, Port);
}
