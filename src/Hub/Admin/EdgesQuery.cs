using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Status;
using Tunnel.Shared.Protocol.Handshake;

namespace Tunnel.Hub.Admin;

/// <summary>
/// Which edges a request asks for, and how many at once. Pages go by id: an edge that comes or goes meanwhile shifts no other to a page
/// that was read already.
/// </summary>
internal sealed record EdgesQuery
{
    /// <summary>The most edges of one page.</summary>
    public const int MaxLimit = 1000;

    private const int MaxSearch = 64;
    private const string Down = "down";

    private static readonly FrozenDictionary<string, EdgeCondition> Conditions = Enum.GetValues<EdgeCondition>().ToFrozenDictionary(
        condition => JsonNamingPolicy.CamelCase.ConvertName(condition.ToString()), StringComparer.Ordinal);

    private int? Limit { get; init; }

    private string? Cursor { get; init; }

    private string? Search { get; init; }

    private FrozenSet<string>? Ids { get; init; }

    private FrozenSet<EdgeCondition>? States { get; init; }

    /// <summary>Whether all edges are asked for, at once.</summary>
    public bool IsAll => this == new EdgesQuery();

    /// <summary>Declares the parameters.</summary>
    public static AdminRoute Declare(AdminRoute route) => route
        .Query<int>("limit", $"At most so many edges, by id, 1–{MaxLimit}; without it all of them.")
        .Query<string>("cursor", "Where the last page ended.")
        .Query<string>("edge", "Only these edges, by id, separated by commas.")
        .Query<string>("search", "Only edges whose id has this in it; upper and lower case are the same.")
        .Fails(StatusCodes.Status400BadRequest);

    /// <summary>Declares the parameter for the state of edges.</summary>
    public static AdminRoute DeclareState(AdminRoute route) =>
        route.Query<string>("state", $"Only edges in these states, separated by commas: {ValidStates}.");

    /// <exception cref="ProblemException">A parameter is not valid.</exception>
    public static EdgesQuery Read(HttpRequest request)
    {
        var reader = new QueryReader(request);
        var query = new EdgesQuery
        {
            Limit = (int?)reader.Parse("limit", text => QueryReader.ReadNumber(text, 1, MaxLimit), $"must be 1–{MaxLimit}"),
            Cursor = reader.Text("cursor"),
            Search = reader.Text("search"),
            Ids = reader.Text("edge")?.Split(',').ToFrozenSet(StringComparer.Ordinal),
            States = ReadStates(reader),
        };
        if (query.Cursor is { } cursor && !EdgeLine.IsValidEdgeId(cursor))
            reader.AddFault("cursor", cursor, "must be what the end of the last page has named");
        if (query.Search is { Length: 0 or > MaxSearch } search)
            reader.AddFault("search", search, $"must be 1–{MaxSearch} characters of an id");
        foreach (var id in query.Ids?.Where(id => !EdgeLine.IsValidEdgeId(id)) ?? [])
            reader.AddFault("edge", id, $"must be 1–{EdgeLine.MaxEdgeIdLength} of A-Z a-z 0-9 . _ -");
        reader.Check();
        return query;
    }

    /// <summary>Returns the page that is asked for.</summary>
    /// <param name="all">All items, by the id of their edge.</param>
    /// <param name="idOf">Returns the id of an item's edge.</param>
    /// <returns>The page, and the cursor of the next one; null: there is none.</returns>
    public (ImmutableArray<T> Page, string? Next) Take<T>(IEnumerable<T> all, Func<T, string> idOf)
    {
        var found = all.Where(item => Matches(idOf(item)));
        if (Limit is not { } limit)
            return ([.. found], null);
        // One more than was asked for shows whether there are more.
        ImmutableArray<T> some = [.. found.Take(limit + 1)];
        return some.Length > limit ? (some[..limit], idOf(some[limit - 1])) : (some, null);
    }

    /// <summary>Returns a status with only the edges that are asked for, and what it says of them.</summary>
    public HubStatus Take(HubStatus status)
    {
        if (IsAll)
            return status;
        var (edges, next) = Take(status.Edges.Where(edge => States?.Contains(edge.State) != false), edge => edge.EdgeId);
        var ids = edges.Select(edge => edge.EdgeId).ToHashSet(StringComparer.Ordinal);
        return status with
        {
            Edges = edges,
            Next = next,
            EdgesConnected = status.EdgesConnected,
            ConnectedEdges = [.. status.ConnectedEdges.Where(edge => ids.Contains(edge.EdgeId))],
            Ports = [.. status.Ports.Where(port => ids.Contains(port.EdgeId))],
            PortCertificates = [.. status.PortCertificates.Where(certificate => ids.Contains(certificate.EdgeId))],
            Authorizers = [.. status.Authorizers.Where(authorizer => ids.Contains(authorizer.EdgeId))],
        };
    }

    private static string ValidStates =>
        $"{string.Join(", ", Conditions.Keys.Order(StringComparer.Ordinal))}, or {Down} for all that are not connected";

    private static FrozenSet<EdgeCondition>? ReadStates(QueryReader reader)
    {
        if (reader.Text("state") is not { } written)
            return null;
        var states = new HashSet<EdgeCondition>();
        foreach (var word in written.Split(','))
        {
            if (word == Down)
                states.UnionWith(Conditions.Values.Where(state => state is not (EdgeCondition.Connected or EdgeCondition.Conflict)));
            else if (Conditions.TryGetValue(word, out var state))
                states.Add(state);
            else
                reader.AddFault("state", word, $"must be {ValidStates}");
        }

        return states.ToFrozenSet();
    }

    private bool Matches(string id) =>
        (Cursor is null || string.CompareOrdinal(id, Cursor) > 0)
        && Ids?.Contains(id) != false
        && (Search is null || id.Contains(Search, StringComparison.OrdinalIgnoreCase));
}
