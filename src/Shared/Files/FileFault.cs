using System.Globalization;

namespace Tunnel.Shared.Files;

/// <summary>Says in an operator's words why a file can't be read or written.</summary>
public static class FileFault
{
    private const string Users = "/etc/passwd";

    // errno(3); .NET puts it into HResult where it has no exception of its own.
    private const int NoSpace = 28;
    private const int ReadOnly = 30;
    private const int OverQuota = 122;

    /// <summary>Returns the words, without a full stop, to follow "can't be read: ".</summary>
    /// <param name="error">What reading or writing has thrown.</param>
    /// <param name="path">The file.</param>
    public static string Of(Exception error, string path) => error switch
    {
        UnauthorizedAccessException => "permission denied" + Owner(path),
        FileNotFoundException or DirectoryNotFoundException => "it does not exist",
        IOException { HResult: NoSpace } => "no space is left on its disk",
        IOException { HResult: OverQuota } => "its owner's quota of the disk is used up",
        IOException { HResult: ReadOnly } => "its file system is read-only",
        _ => error.Message.TrimEnd('.'),
    };

    private static string Owner(string path)
    {
        try
        {
            return UnixFile.At(path) is { } file && file.Owner != UnixFile.CurrentUser
                ? $"; it belongs to {Name(file.Owner)}, and this program runs as {Name(UnixFile.CurrentUser)} (sudo chown, or chmod)"
                : "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"; {Name(UnixFile.CurrentUser)}, whom this program runs as, may not look into its directory";
        }
    }

    private static string Name(uint user)
    {
        var number = user.ToString(CultureInfo.InvariantCulture);
        try
        {
            var entry = File.ReadLines(Users).Select(static line => line.Split(':')).FirstOrDefault(it => it.Length > 2 && it[2] == number);
            return entry?[0] ?? $"user {number}";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"user {number}";
        }
    }
}
