using Control.Storage.Databases;

namespace Control.Storage.Secrets;

/// <summary>Statements of <see cref="SecretRotation"/>.</summary>
internal static class SecretStatements
{
    public static readonly Statement Owners = new("""
        SELECT id, ordinal, key FROM subjects
        WHERE kind = @kind AND deleted = 0 AND (ordinal, key) > (@ordinal, @key) ORDER BY ordinal, key LIMIT 100
        """);

    // Secrets have no order of their own: their ordinal is 0.
    public static readonly Statement Sealed = new("""
        SELECT child_key, document FROM children
        WHERE subject_id = @subject_id AND kind = 'secret' AND ordinal = 0 AND child_key > @child_key AND state <> 'deleted'
        ORDER BY child_key LIMIT 50
        """);

    // By the document, so that a secret that was set or deleted meanwhile stays as it is.
    public static readonly Statement Reseal = new("""
        UPDATE children SET document = @document
        WHERE subject_id = @subject_id AND child_key = @child_key AND document = @expected
        """);
}
