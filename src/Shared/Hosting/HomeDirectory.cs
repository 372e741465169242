namespace Tunnel.Shared.Hosting;

/// <summary>The user's home, which a container's user may have none of: neither <c>HOME</c> nor an entry in /etc/passwd.</summary>
internal static class HomeDirectory
{
    private const string Variable = "HOME";

    /// <summary>Reads a variable; <c>HOME</c> is the home of /etc/passwd where it is not set.</summary>
    public static string? Environment(string variable) =>
        variable == Variable ? Find() : System.Environment.GetEnvironmentVariable(variable);

    /// <summary>
    /// Gives a process without a home the root directory for one: the runtime's certificate stores are below the home, and it ends whoever
    /// uses TLS without one by an exception. Nobody but root could put anything there.
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
            // The runtime says "/" of a user whom it does not know.
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
