namespace Tunnel.Hub.Edges.Definitions;

/// <summary>How adaptive admission is written.</summary>
internal static class AdaptiveForm
{
    private static readonly SettingForm<int?> Rate = SettingForms.Number(1, 1_000_000, "new connections a second");

    /// <summary>The members.</summary>
    public static readonly ObjectForm<AdaptiveDefinition> Form = new(
        "{\"latencyThresholdMs\": 500, \"minRate\": 10, \"maxRate\": 1000}",
        new AdaptiveDefinition(),
        new ObjectSetting<AdaptiveDefinition, int?>(
            "evaluationInterval", SettingForms.Seconds(1, 3_600), own => own.EvaluationInterval,
            (own, value) => own with { EvaluationInterval = value })
        {
            Summary = "seconds between two decisions; 10 by default",
        },
        new ObjectSetting<AdaptiveDefinition, int?>(
            "latencyThresholdMs", SettingForms.Number(1, 60_000, "milliseconds"), own => own.LatencyThresholdMs,
            (own, value) => own with { LatencyThresholdMs = value })
        {
            Summary = "the milliseconds within which 95 of 100 connections should be accepted; 500 by default",
        },
        new ObjectSetting<AdaptiveDefinition, int?>("minRate", Rate, own => own.MinRate, (own, value) => own with { MinRate = value })
        {
            Summary = "the fewest new connections a second that are admitted; 10 by default",
        },
        new ObjectSetting<AdaptiveDefinition, int?>("maxRate", Rate, own => own.MaxRate, (own, value) => own with { MaxRate = value })
        {
            Summary = "the most, and what is admitted at first; 1,000 by default",
        })
    {
        CheckWhole = static (adaptive, path, _, faults) =>
        {
            if (adaptive.MinRate > adaptive.MaxRate)
                faults.Add($"{path}.minRate", $"{adaptive.MinRate}", $"must not be more than maxRate, which is {adaptive.MaxRate}");
        },
    };
}
