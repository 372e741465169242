namespace Tunnel.Hub.Events;

/// <summary>An event in the form that readers of the API get.</summary>
/// <param name="Id">Its position among the events of this run; null for events of streams, which are not kept.</param>
/// <param name="Type">The name of its type.</param>
/// <param name="Json">The event as one line of JSON.</param>
internal sealed record EventEntry(string? Id, string Type, string Json);
