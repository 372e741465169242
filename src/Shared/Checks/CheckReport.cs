using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tunnel.Shared.Text;

namespace Tunnel.Shared.Checks;

/// <summary>The results of all checks of a doctor.</summary>
/// <param name="Ok">Whether no check has failed; warnings do not count.</param>
/// <param name="Checks">The results, in the order of the checks.</param>
public sealed record CheckReport(bool Ok, ImmutableArray<CheckResult> Checks)
{
    private static readonly CheckJsonContext Json = new(PlainJson.OptionsOf(CheckJsonContext.Default));

    /// <summary>Makes a report of results.</summary>
    public static CheckReport Of(IEnumerable<CheckResult> results)
    {
        ImmutableArray<CheckResult> checks = [.. results];
        return new CheckReport(checks.All(check => check.Status != CheckStatus.Failed), checks);
    }

    /// <summary>Writes the report as JSON, for machines.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json.CheckReport);

    /// <summary>Writes one line for each check, and below each one that is not fine a second line with what to do.</summary>
    public void Write(TextWriter output, Terminal terminal)
    {
        foreach (var check in Checks)
        {
            var word = check.Status == CheckStatus.Failed ? terminal.Alarm("FAILED") + "  " : $"{Word(check.Status),-8}";
            var subject = check.Subject is null ? "" : $"{check.Subject}: ";
            output.WriteLine($"{word} {TerminalText.Escape($"{check.Name,-15} {subject}{check.Detail}")}");
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
