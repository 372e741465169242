using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.Doctor;

/// <summary>All checks' results.</summary>
/// <param name="Ok">Nothing has failed; warnings do not count.</param>
/// <param name="Checks">In the order of the checks.</param>
internal sealed record DoctorReport(bool Ok, ImmutableArray<CheckResult> Checks)
{
    public static DoctorReport Of(IEnumerable<CheckResult> results)
    {
        ImmutableArray<CheckResult> checks = [.. results];
        return new DoctorReport(checks.All(check => check.Status != CheckStatus.Failed), checks);
    }

    public string ToJson() => JsonSerializer.Serialize(this, DoctorJsonContext.Default.DoctorReport);

    /// <summary>One line for a check that is fine, and a second one with what to do for any other.</summary>
    public void Write(TextWriter output)
    {
        foreach (var check in Checks)
        {
            output.WriteText($"{Word(check.Status),-8} {check.Name,-15} {check.Detail}");
            if (check.Advice is { } advice)
                output.WriteText($"{"",-24} → {advice}");
        }
    }

    private static string Word(CheckStatus status) => status switch
    {
        CheckStatus.Ok => "ok",
        CheckStatus.Warning => "warning",
        CheckStatus.Skipped => "skipped",
        _ => "FAILED",
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class DoctorJsonContext : JsonSerializerContext;
