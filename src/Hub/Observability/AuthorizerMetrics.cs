using System.Diagnostics.Metrics;
using Tunnel.Hub.Forwarding.Authorizing;

namespace Tunnel.Hub.Observability;

/// <summary>The instruments of those that are asked about clients: one series for each URL and answer.</summary>
internal static class AuthorizerMetrics
{
    private static readonly (AuthorizeAnswer Answer, string Label)[] Answers =
        [(AuthorizeAnswer.Allowed, "allowed"), (AuthorizeAnswer.Refused, "refused"), (AuthorizeAnswer.None, "none")];

    public static void Add(Meter meter, Func<HubParts?> parts)
    {
        meter.CreateObservableCounter(
            "tunnel.authorizer.questions", () => ReadCounts(parts()), "{question}",
            "What an authorizeUrl was asked about clients, by its answer; answers that are kept are asked for once.");
        meter.CreateObservableGauge(
            "tunnel.authorizer.healthy", () => ReadHealth(parts()), "{authorizer}",
            "1 while an authorizeUrl answers, 0 while it does not.");
    }

    private static IEnumerable<Measurement<long>> ReadCounts(HubParts? parts) =>
        from same in ByUrl(parts)
        from kind in Answers
        select new Measurement<long>(
            same.Sum(authorizer => authorizer.Count(kind.Answer)), new("url", same.Key), new("answer", kind.Label));

    private static IEnumerable<Measurement<int>> ReadHealth(HubParts? parts) =>
        from same in ByUrl(parts)
        select new Measurement<int>(
            same.All(static authorizer => authorizer.Fault is null) ? 1 : 0, new KeyValuePair<string, object?>("url", same.Key));

    // Ports may ask the same one in different ways.
    private static IEnumerable<IGrouping<string, Authorizer>> ByUrl(HubParts? parts) =>
        parts is null ? [] : parts.Streams.Authorizers.All.GroupBy(static authorizer => authorizer.Asked.Shown, StringComparer.Ordinal);
}
