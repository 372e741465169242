namespace Tunnel.Shared.Hosting;

/// <summary>
/// Something that the operator can put right (a port in use, a directory that can't be written): the message says what and how, and
/// programs print it alone, without a stack trace, and end with code 1.
/// </summary>
public sealed class OperatorException : Exception
{
    /// <summary>Made with a message for the operator.</summary>
    public OperatorException(string message)
        : base(message)
    {
    }

    /// <summary>Made with a message for the operator and its cause.</summary>
    public OperatorException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
