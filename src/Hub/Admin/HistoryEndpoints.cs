using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.History;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin;

/// <summary>Answers what passed in the last hour, as series of numbers that graphs are drawn of.</summary>
internal sealed class HistoryEndpoints(TrafficHistory history)
{
    /// <summary>How many edges one answer may tell of, so that it stays below half a megabyte.</summary>
    public const int MaxEdges = 50;

    private static readonly string ResolutionHelp =
        $"Seconds that each point stands for: 10 (the default; the last hour) or 1 (the last {HistoryTrack.Seconds / 60} minutes).";

    public void Map(AdminRoutes routes) =>
        routes.Get(
            "/api/v1/history", HistoryAsync, "getHistory",
            "What passed in the last hour, of all edges together and of those that are named.")
            .Query<string>("edge", $"Ids of up to {MaxEdges} edges, separated by commas, whose series come as well.")
            .Query<int>("resolution", ResolutionHelp)
            .Query<int>("points", "At most so many of the last points; default: all that are kept.")
            .Answers<HistoryAnswer>()
            .Fails(StatusCodes.Status400BadRequest);

    private Task HistoryAsync(HttpContext context)
    {
        var faults = new FaultList();
        var edges = (context.Request.Query["edge"].FirstOrDefault() ?? "").Split(
            ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (edges.Length > MaxEdges)
            faults.AddText("?edge", $"{edges.Length} edges", $"must be at most {MaxEdges}; ask for the others in further requests");
        var inTens = context.Request.Query["resolution"].FirstOrDefault() is not { } resolution
            || Read("?resolution", resolution, text => text is "1" or "10", "must be 1 or 10", faults) == 10;
        var most = inTens ? HistoryTrack.Tens : HistoryTrack.Seconds;
        var count = context.Request.Query["points"].FirstOrDefault() is { } points
            ? Read("?points", points, text => IsNumber(text, most), $"must be 1–{most}", faults)
            : most;
        if (!faults.IsEmpty)
            throw new ProblemException(Problem.Invalid(faults.ToImmutable()));
        return AdminResults.WriteAsync(
            context, HistoryAnswer.Of(history.Read(edges.Distinct(StringComparer.Ordinal), inTens, count), inTens ? 10 : 1),
            AdminJson.Default.HistoryAnswer);
    }

    private static int Read(string name, string text, Func<string, bool> isValid, string valid, FaultList faults)
    {
        if (isValid(text))
            return int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
        faults.AddText(name, text, valid);
        return 0;
    }

    private static bool IsNumber(string text, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most;
}
