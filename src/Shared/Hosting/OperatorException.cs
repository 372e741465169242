namespace Tunnel.Shared.Hosting;

/// <summary>
/// A problem that the operator can solve (a port in use, a directory that can't be written). The message says what is wrong and how to
/// solve it; programs print it alone, without a stack trace, and end with code 1.
/// </summary>
public class OperatorException : Exception
{
    /// <summary>Creates an exception with a message for the operator.</summary>
    public OperatorException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message for the operator and the cause, or null.</summary>
    public OperatorException(string message, Exception? cause)
        : base(message, cause)
    {
    }
}
