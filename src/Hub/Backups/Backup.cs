using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Backups;

/// <summary>Makes backups of a hub's state, and reads them back.</summary>
internal static class Backup
{
    // A hub that changes its files all the time is read again until they hold still.
    private const int MaxTries = 100;

    /// <summary>Copies the state of a hub, which may be running: each of its files is replaced as a whole.</summary>
    /// <param name="stateDir">The hub's state directory.</param>
    /// <param name="files">Reads the files.</param>
    /// <param name="now">The present time, which the backup says.</param>
    /// <exception cref="OperatorException">There is no state, or it can't be read, or is not in order.</exception>
    public static BackupDocument Make(string stateDir, IStateFiles files, DateTimeOffset now)
    {
        try
        {
            if (files.Read(Path.Combine(stateDir, Restore.FileName)) is not null)
            {
                throw new OperatorException(
                    $"A restore in {stateDir} was cut off, so that its files are of two states. Start the hub, which ends it, or restore "
                        + $"again.");
            }

            var document = new BackupDocument
            {
                Format = BackupDocument.FormatName,
                Version = BackupDocument.CurrentVersion,
                Made = now,
                Hub = ProductVersion.Number,
                Files = ReadSteady(stateDir, files),
            };
            if (document.Files.IsEmpty)
                throw new OperatorException($"There is no hub's state in {stateDir}. Name its directory with --state-dir DIR.");
            Check(document, stateDir);
            return document;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"The hub's state in {stateDir} can't be read: {error.Message}", error);
        }
    }

    /// <summary>Writes a backup as it is kept in a file.</summary>
    public static byte[] Write(BackupDocument document) => JsonSerializer.SerializeToUtf8Bytes(document, BackupJson.Default.BackupDocument);

    /// <summary>Reads a backup and checks all of it: that it is whole, and that this hub can start with it.</summary>
    /// <param name="content">The file's content.</param>
    /// <param name="path">The file's name, for errors.</param>
    /// <exception cref="OperatorException">It is not a backup, is damaged, or is of a newer hub.</exception>
    public static BackupDocument Read(byte[] content, string path)
    {
        BackupDocument document;
        try
        {
            document = JsonSerializer.Deserialize(content, BackupJson.Default.BackupDocument) ?? throw new JsonException();
        }
        catch (JsonException error)
        {
            throw new OperatorException(
                $"{path} is not a backup of a hub, or is cut short: it is not the JSON that tunnel-hub backup writes.", error);
        }

        if (document.Format != BackupDocument.FormatName || document.Files.IsDefaultOrEmpty)
            throw new OperatorException($"{path} is not a backup of a hub: its format is not \"{BackupDocument.FormatName}\".");
        if (document.Version != BackupDocument.CurrentVersion)
        {
            throw new OperatorException(
                $"{path} is a backup of version {document.Version}; this hub knows version {BackupDocument.CurrentVersion}. Restore it "
                    + $"with "
                + $"the hub that made it ({document.Hub}), or a newer one.");
        }

        Check(document, path);
        return document;
    }

    private static ImmutableArray<BackupDocument.SavedFile> ReadSteady(string stateDir, IStateFiles files)
    {
        var read = ReadAll(stateDir, files);
        for (var tries = 1; tries < MaxTries; tries++)
        {
            var again = ReadAll(stateDir, files);
            if (again.Length == read.Length && again.Zip(read).All(
                pair => pair.First.Name == pair.Second.Name && pair.First.Sha256.AsSpan().SequenceEqual(pair.Second.Sha256)))
            {
                return read;
            }

            read = again;
        }

        throw new OperatorException($"The hub's state in {stateDir} changes all the time: try again when the hub has less to do.");
    }

    private static ImmutableArray<BackupDocument.SavedFile> ReadAll(string stateDir, IStateFiles files) =>
        [.. HubStateFiles.Kept.Select(name => (name, content: files.Read(Path.Combine(stateDir, name)))).Where(
            file => file.content is not null)
            .Select(file => new BackupDocument.SavedFile(file.name, SHA256.HashData(file.content!), file.content!))];

    // The files that a hub would not start with when they are damaged are read as the hub reads them.
    private static void Check(BackupDocument document, string path)
    {
        foreach (var file in document.Files)
        {
            if (file?.Content is null || file.Sha256 is null || !SHA256.HashData(file.Content).AsSpan().SequenceEqual(file.Sha256))
                throw new OperatorException($"{path} is damaged: {file?.Name ?? "a file"} in it does not match its checksum.");
            if (!HubStateFiles.Kept.Contains(file.Name) || document.Files.Count(other => other?.Name == file.Name) > 1)
            {
                throw new OperatorException(
                    $"{path} is damaged, or of a newer hub: it has a file \"{file.Name}\" that this hub does not know, or has it twice.");
            }
        }

        var files = new BackupFiles(document);
        var edges = EdgeStateFormat.FileIn(path, files);
        if (edges.Load() is { } content)
            new EdgeStateFormat(edges.Place).Read(content);
        new HubAddressFile(path, files).Load();
        foreach (var name in (string[])[HubCertificate.FileName, HubCertificates.NextFileName])
            CheckCertificate(document.ContentOf(name), name, path);
    }

    private static void CheckCertificate(byte[]? content, string name, string path)
    {
        if (content is null)
            return;
        try
        {
            var pem = Encoding.ASCII.GetString(content);
            X509Certificate2.CreateFromPem(pem, pem).Dispose();
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new OperatorException($"{path}: {name} is not a certificate with the key that belongs to it: {error.Message}", error);
        }
    }
}
