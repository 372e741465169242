namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Says whom the hub asks whether a port's clients may come in; a member that is null has its default.</summary>
public sealed record AuthorizeDefinition
{
    /// <summary>The URL that is asked, of the scheme http or https.</summary>
    public string Url { get; init; } = "";

    /// <summary>Seconds for which an answer is kept, 0–86,400; 10 by default, and 0: each client is asked about.</summary>
    public int? Ttl { get; init; }

    /// <summary>Seconds that an answer may take, 1–30; 1 by default.</summary>
    public int? Timeout { get; init; }

    /// <summary>Whether clients are let in when there is no answer; false by default.</summary>
    public bool? FailOpen { get; init; }

    /// <summary>How long an answer is kept.</summary>
    internal TimeSpan Lifetime => TimeSpan.FromSeconds(Ttl ?? 10);

    /// <summary>How long an answer may take.</summary>
    internal TimeSpan Limit => TimeSpan.FromSeconds(Timeout ?? 1);

    /// <summary>The URL for people: its query may hold what is secret.</summary>
    internal string Shown => Uri.TryCreate(Url, UriKind.Absolute, out var url) ? url.GetLeftPart(UriPartial.Path) : Url;
}
