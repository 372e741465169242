namespace Tunnel.Hub.Events;

/// <summary>An event as readers of the API get it.</summary>
/// <param name="Id">Where it stands among the events of this run; null for events of streams, which are not kept.</param>
/// <param name="Type">Its name.</param>
/// <param name="Json">The event as one line of JSON.</param>
internal sealed record EventEntry(string? Id, string Type, string Json);
