using System.Collections.Immutable;

namespace Tunnel.Hub.Admin.Answers;

/// <summary>Whether requests need a key where this one came from.</summary>
/// <param name="KeyNeeded">False over the hub's Unix socket.</param>
internal sealed record LoginNeed(bool KeyNeeded);

/// <summary>The rights of a request's key.</summary>
/// <param name="MayChange">False for the read-only key: everything that changes something is answered 403.</param>
internal sealed record KeyAccess(bool MayChange);

/// <summary>The code of a login link.</summary>
internal sealed record LoginRequest
{
    /// <summary>The part of the link behind <c>#login=</c>.</summary>
    public required string Code { get; init; }
}

/// <summary>A code with which a browser logs in.</summary>
/// <param name="Code">The code, which works once.</param>
/// <param name="Seconds">How long it is valid.</param>
/// <param name="Addresses">Where the page is served over the network; empty: nowhere.</param>
internal sealed record LoginLink(string Code, int Seconds, ImmutableArray<string> Addresses);
