namespace Tunnel.Hub.Status;

/// <summary>Whom the hub asks about clients of an edge's ports, by <c>authorizeUrl</c>.</summary>
public sealed record AuthorizerStatus
{
    /// <summary>The id of the edge.</summary>
    public required string EdgeId { get; init; }

    /// <summary>Its TCP ports that have the URL, such as <c>443,8000-8010</c>.</summary>
    public required string Ports { get; init; }

    /// <summary>The URL, without its query.</summary>
    public required string Url { get; init; }

    /// <summary>Whether clients are let in when there is no answer.</summary>
    public bool FailOpen { get; init; }

    /// <summary>Why there are no answers, in words; null while there are, or nobody has asked.</summary>
    public string? Fault { get; init; }

    /// <summary>Since when there are no answers.</summary>
    public DateTimeOffset? FaultSince { get; init; }

    /// <summary>
    /// Describes it for people: <c>tcp/443: http://127.0.0.1:9000/ says whether clients may come in</c>.
    /// </summary>
    internal string Describe() => Fault is null
        ? $"tcp/{Ports}: {Url} says whether clients may come in"
        : $"tcp/{Ports}: {Url} does not say whether clients may come in since {FaultSince:yyyy-MM-ddTHH:mm:ssZ}, "
            + $"and they are {(FailOpen ? "let in" : "refused")}: {Fault}";
}
