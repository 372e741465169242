namespace Tunnel.Shared.Hosting;

/// <summary>Finds the user's home. A container's user may have none: neither <c>HOME</c> nor an entry in /etc/passwd.</summary>
internal static class HomeDirectory
{
    private const string Variable = "HOME";

    /// <summary>Reads a variable; where <c>HOME</c> is not set, its value is the home in /etc/passwd.</summary>
    public static string? Environment(string variable) =>
        variable == Variable ? Find() : System.Environment.GetEnvironmentVariable(variable);

    /// <summary>
    /// Sets the root directory as the home of a process without one: the runtime's certificate stores are below the home, and using TLS
    /// without a home ends in an exception. Nobody but root could put anything there.
    /// </summary>
    public static void Ensure()
    {
        if (Find() is null)
            System.Environment.SetEnvironmentVariable(Variable, "/");
    }

    private static string? Find()
    {
        if (System.Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } home)
            return home;
        try
        {
            // The runtime returns "/" for a user that it does not know.
            return System.Environment.GetFolderPath(
                System.Environment.SpecialFolder.UserProfile, System.Environment.SpecialFolderOption.DoNotVerify) is { Length: > 1 } known
                ? known
                : null;
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            return null;
        }
    }
}
