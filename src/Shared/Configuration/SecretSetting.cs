using Tunnel.Shared.Files;

namespace Tunnel.Shared.Configuration;

/// <summary>Reads a secret from its own setting or from a file that another setting names, as service managers hand out secrets.</summary>
public static class SecretSetting
{
    /// <summary>The bytes that a file with a secret has at most.</summary>
    public const int MaxFileSize = 64 * 1024;

    /// <summary>
    /// Returns a secret without the white space around it; null when neither setting is given, or the file can't be read, which is an
    /// error. No error repeats the secret.
    /// </summary>
    public static string? SecretOrFile(this LayeredConfiguration configuration, string name, string fileName)
    {
        var value = configuration.Secret(name);
        var path = configuration.ExistingFile(fileName);
        if (configuration.Find(name) is not null && configuration.Find(fileName) is not null)
            configuration.Errors.Add(name, null, $"is given twice: give {fileName} or {name}, not both");
        return path is null ? value : ReadFile(configuration, fileName, path);
    }

    private static string? ReadFile(LayeredConfiguration configuration, string name, string path)
    {
        try
        {
            // The read is bounded, since a file that is not a plain file has no length that could be checked first.
            using var reader = new StreamReader(path);
            var buffer = new char[MaxFileSize + 1];
            var length = reader.ReadBlock(buffer);
            if (length <= MaxFileSize && buffer.AsSpan(0, length).Trim() is { Length: > 0 } text)
                return text.ToString();
            var fault = length > MaxFileSize ? $"has more than {MaxFileSize} bytes" : "is empty";
            configuration.Errors.Add(name, path, $"{fault}; it must be a file with one line", configuration.Find(name)?.Source);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            configuration.Errors.Add(name, path, $"can't be read: {FileFault.Of(e, path)}", configuration.Find(name)?.Source);
        }

        return null;
    }
}
