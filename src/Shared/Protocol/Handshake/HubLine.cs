using System.Diagnostics.CodeAnalysis;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Protocol.Handshake;

/// <summary>The hub's answer line: the edge's configuration, or a refusal (protocol.md sections 2.3 and 2.4).</summary>
public static class HubLine
{
    /// <summary>The most bytes of the line with its newline.</summary>
    public const int MaxLength = ControlMessage.MaxConfigLength;

    /// <summary>
    /// The id is unknown, the secret is wrong or the edge is disabled: always the same bytes, so that a stranger learns nothing.
    /// </summary>
    public static ReadOnlySpan<byte> Unauthorized => "{\"error\":\"unauthorized\"}\n"u8;

    /// <summary>The hub accepts no more peers at the moment.</summary>
    public static ReadOnlySpan<byte> Busy => "{\"error\":\"busy\"}\n"u8;

    /// <summary>The edge's line was malformed.</summary>
    public static ReadOnlySpan<byte> Malformed => "{\"error\":\"malformed\"}\n"u8;

    /// <summary>Writes the configuration as a line, with its newline.</summary>
    /// <exception cref="ArgumentException">The line would be longer than <see cref="MaxLength"/>.</exception>
    public static byte[] Serialize(TunnelConfig config)
    {
        var json = ControlMessage.Serialize(config);
        if (json.Length >= MaxLength)
            throw new ArgumentException($"The configuration has {json.Length} bytes, more than {MaxLength - 1}.", nameof(config));
        return [.. json, (byte)'\n'];
    }

    /// <summary>Reads the line, given without its newline. Accepts any input.</summary>
    /// <param name="line">The line.</param>
    /// <param name="config">The configuration, or null if the hub refused.</param>
    /// <param name="refusal">The refusal's code, for example <see cref="HubRefusal.Unauthorized"/>, or null if the hub accepted the
    /// edge.</param>
    /// <param name="error">What is wrong with the line if it is neither a configuration nor a refusal.</param>
    public static bool TryParse(
        ReadOnlySpan<byte> line, out TunnelConfig? config, out string? refusal, [NotNullWhen(false)] out string? error)
    {
        (config, refusal) = (null, null);
        if (line.Length >= MaxLength)
        {
            error = $"the line is longer than {MaxLength} bytes";
            return false;
        }

        if (!MessageParser.TryParse(line, MaxLength, HubRefusal.Read, out var code, out error))
            return false;
        if (code.Length == 0)
            return ControlMessage.TryParseConfig(line, out config, out error);
        refusal = code;
        return true;
    }
}
