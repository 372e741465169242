namespace Tunnel.Shared.Files;

/// <summary>Nothing can be written, because another process, which replaces this one, has the state.</summary>
public sealed class StatePassedOnException() : IOException("Another process is replacing this one, and has the state.");
