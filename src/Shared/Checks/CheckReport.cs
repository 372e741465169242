using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tunnel.Shared.Text;

namespace Tunnel.Shared.Checks;

/// <summary>All checks' results.</summary>
/// <param name="Ok">Nothing has failed; warnings do not count.</param>
/// <param name="Checks">In the order of the checks.</param>
public sealed record CheckReport(bool Ok, ImmutableArray<CheckResult> Checks)
{
    /// <summary>Puts results together.</summary>
    public static CheckReport Of(IEnumerable<CheckResult> results)
    {
        ImmutableArray<CheckResult> checks = [.. results];
        return new CheckReport(checks.All(check => check.Status != CheckStatus.Failed), checks);
    }

    /// <summary>For machines.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, CheckJsonContext.Default.CheckReport);

    /// <summary>One line for a check that is fine, and a second one with what to do for any other.</summary>
    public void Write(TextWriter output, Terminal terminal)
    {
        foreach (var check in Checks)
        {
            var word = check.Status == CheckStatus.Failed ? terminal.Alarm("FAILED") + "  " : $"{Word(check.Status),-8}";
            output.WriteLine($"{word} {TerminalText.Escape($"{check.Name,-15} {check.Detail}")}");
            if (check.Advice is { } advice)
                output.WriteText($"{"",-24} → {advice}");
        }
    }

    private static string Word(CheckStatus status) => status switch
    {
        CheckStatus.Ok => "ok",
        CheckStatus.Warning => "warning",
        _ => "skipped",
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(CheckReport))]
internal sealed partial class CheckJsonContext : JsonSerializerContext;
