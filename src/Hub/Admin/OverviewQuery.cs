using System.Collections.Frozen;
using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Shared.Protocol.Handshake;

namespace Tunnel.Hub.Admin;

/// <summary>Which edges a dashboard shows, and in which order.</summary>
internal sealed record OverviewQuery
{
    /// <summary>The most edges of one page.</summary>
    public const int MaxLimit = 500;

    private const int DefaultLimit = 50;
    private const int MaxOffset = 1_000_000;
    private const int MaxSearch = EdgeLine.MaxEdgeIdLength;

    private static readonly FrozenDictionary<string, Comparison<EdgeOverview>> Orders = new Dictionary<string, Comparison<EdgeOverview>>
    {
        ["state"] = static (a, b) => a.Health.CompareTo(b.Health),
        ["edge"] = static (a, b) => string.CompareOrdinal(a.EdgeId, b.EdgeId),
        ["since"] = static (a, b) => Nullable.Compare(a.Since, b.Since),
        ["over"] = static (a, b) => Nullable.Compare(a.Transport, b.Transport),
        ["rtt"] = static (a, b) => Nullable.Compare(a.Rtt, b.Rtt),
        ["open"] = static (a, b) => Nullable.Compare(a.Open, b.Open),
        ["in"] = static (a, b) => Nullable.Compare(a.RateIn, b.RateIn),
        ["out"] = static (a, b) => Nullable.Compare(a.RateOut, b.RateOut),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private int Limit { get; init; }

    private int Offset { get; init; }

    private string? Search { get; init; }

    private string Sort { get; init; } = "state";

    private bool Descending { get; init; }

    /// <summary>The only edge that is asked for, and whose troubles alone are named; null: there is none such.</summary>
    public string? EdgeId { get; private init; }

    /// <summary>Declares the parameters.</summary>
    public static AdminRoute Declare(AdminRoute route) => route
        .Query<int>("limit", $"At most so many edges, 0–{MaxLimit}; default {DefaultLimit}.")
        .Query<int>("offset", "After so many edges.")
        .Query<string>("edge", "Only this edge, and what is wrong with it.")
        .Query<string>("search", "Only edges whose id has this in it; upper and lower case are the same.")
        .Query<string>("sort", $"What the edges are sorted by: {ValidOrders}. Equal ones are in the order of their ids.")
        .Query<bool>("descending", "true: the other way round")
        .Fails(StatusCodes.Status400BadRequest);

    /// <exception cref="ProblemException">A parameter is not valid.</exception>
    public static OverviewQuery Read(HttpContext context)
    {
        var reader = new QueryReader(context.Request);
        var query = new OverviewQuery
        {
            Limit = Number(reader, "limit", MaxLimit) ?? DefaultLimit,
            Offset = Number(reader, "offset", MaxOffset) ?? 0,
            EdgeId = reader.Text("edge"),
            Search = reader.Text("search"),
            Sort = reader.Text("sort") ?? "state",
            Descending = AdminRequest.Flag(context, "descending"),
        };
        if (query.EdgeId is { } id && !EdgeLine.IsValidEdgeId(id))
            reader.AddFault("edge", id, $"must be 1–{EdgeLine.MaxEdgeIdLength} of A-Z a-z 0-9 . _ -");
        if (query.Search is { Length: > MaxSearch } search)
            reader.AddFault("search", search, $"must be at most {MaxSearch} characters of an id");
        if (!Orders.ContainsKey(query.Sort))
            reader.AddFault("sort", query.Sort, $"must be {ValidOrders}");
        reader.Check();
        return query;
    }

    /// <summary>Returns the page that is asked for, and how many edges there are on all of them.</summary>
    public (ImmutableArray<EdgeOverview> Page, int Found) Take(IEnumerable<EdgeOverview> edges)
    {
        var found = edges.Where(Matches).ToList();
        var compare = Orders[Sort];
        var turn = Descending ? -1 : 1;
        found.Sort((a, b) => compare(a, b) is var order and not 0 ? turn * order : string.CompareOrdinal(a.EdgeId, b.EdgeId));
        return ([.. found.Skip(Offset).Take(Limit)], found.Count);
    }

    private static string ValidOrders => string.Join(", ", Orders.Keys.Order(StringComparer.Ordinal));

    private static int? Number(QueryReader reader, string name, int most) =>
        (int?)reader.Parse(name, text => QueryReader.ReadNumber(text, 0, most), $"must be 0–{most}");

    private bool Matches(EdgeOverview edge) =>
        (EdgeId is null || edge.EdgeId == EdgeId)
        && (Search is null || edge.EdgeId.Contains(Search, StringComparison.OrdinalIgnoreCase));
}
