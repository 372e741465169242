using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Keeping;

/// <summary>
/// The place of the state can't be reached or used now. What is known stays in force. It is worth another try later.
/// </summary>
internal sealed class StateUnavailableException : OperatorException
{
    public StateUnavailableException(string message)
        : base(message)
    {
    }

    public StateUnavailableException(string message, Exception cause)
        : base(message, cause)
    {
    }

    /// <summary>Whether the change may have been made all the same; the message says so, too.</summary>
    public bool IsUncertain { get; init; }

    /// <summary>Whether it is about one document, as when a newer hub wrote it, and the others can be used.</summary>
    public bool IsOfDocument { get; init; }

    /// <summary>After how many seconds another try is known to be worth it; null when nobody knows.</summary>
    public int? RetryAfter { get; init; }
}
