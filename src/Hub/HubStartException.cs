namespace Tunnel.Hub;

/// <summary>The hub can't start for a reason that its operator can mend; the message names the setting, the value and what would be valid.</summary>
public sealed class HubStartException : Exception
{
    /// <inheritdoc/>
    public HubStartException()
    {
    }

    /// <inheritdoc/>
    public HubStartException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public HubStartException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
